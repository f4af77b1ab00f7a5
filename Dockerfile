# Earshot as an image: built in one stage, run in another without build tools, as a user who is not root.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ARG UV_VERSION=0.13.9
# The image's own Python is used, never one that uv would fetch.
ENV UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy \
    UV_COMPILE_BYTECODE=1
RUN pip install --no-cache-dir --disable-pip-version-check "uv==${UV_VERSION}"
WORKDIR /app
# First what changes seldom, so that a changed line of Earshot does not fetch every package again.
COPY pyproject.toml uv.lock README.md LICENSE ./
RUN uv sync --frozen --no-default-groups --extra analysis --no-install-project
COPY main.py ./
COPY bot ./bot
COPY channels ./channels
COPY storage ./storage
COPY surveys ./surveys
RUN uv sync --frozen --no-default-groups --extra analysis --no-editable

FROM python:${PYTHON}
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin earshot \
    && install --directory --owner=earshot --group=earshot --mode=0700 /data /ledger /backups
COPY --from=build /app/.venv /app/.venv
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATABASE_URL=sqlite:////data/earshot.db \
    SUPPRESSION_LEDGER=/ledger/earshot.ledger
USER earshot
WORKDIR /data
VOLUME ["/data", "/ledger", "/backups"]
EXPOSE 8000
# /healthz answers any Host, and needs no sign-in. The slim image has no curl.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["earshot"]
CMD ["serve", "--host", "0.0.0.0"]
