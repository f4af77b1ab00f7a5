#!/bin/sh
# Run Earshot on a machine with Python 3.11+ and nothing else: "sh run.sh demo" or "sh run.sh test".
# Uses uv when it is installed, else puts it in .tools/ from the package index. The lock file decides every version.
set -eu
cd "$(dirname "$0")"

# A council's network often inspects TLS with a certificate of its own, which only the system's store knows.
: "${UV_SYSTEM_CERTS:=1}"
export UV_SYSTEM_CERTS

if command -v uv >/dev/null 2>&1; then
    UV=uv
elif [ -x .tools/bin/uv ]; then
    UV=.tools/bin/uv
else
    PYTHON=""
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            PYTHON=$candidate
            break
        fi
    done
    if [ -z "$PYTHON" ]; then
        echo "run.sh: Python 3.11 or newer is needed, and none was found. Install it, then run this again." >&2
        exit 1
    fi
    if ! "$PYTHON" -m venv .tools >/dev/null 2>&1; then
        echo "run.sh: this Python cannot make a virtual environment. On Debian or Ubuntu: apt install python3-venv" >&2
        exit 1
    fi
    echo "run.sh: fetching uv into .tools/ (once)" >&2
    .tools/bin/pip install --quiet --disable-pip-version-check uv >&2
    UV=.tools/bin/uv
fi

# A new environment gets the system's own Python where that will do: distributions compile it for speed (with a plain
# build of the same version a text takes a fifth more CPU) and mend it. Else uv takes the first one that it finds.
if [ -z "${UV_PYTHON:-}" ] && [ ! -e "${UV_PROJECT_ENVIRONMENT:-.venv}" ] &&
    /usr/bin/python3 -c 'import sqlite3, ssl, sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then
    export UV_PYTHON=/usr/bin/python3
fi

case "${1:-}" in
test)
    shift
    # One process a core: most tests wait for a disk, a server or a browser.
    exec "$UV" run --quiet --frozen pytest --numprocesses=auto --dist=worksteal "$@"
    ;;
"")
    echo "usage: sh run.sh demo | test | any other Earshot command (sh run.sh --help lists them)" >&2
    exit 2
    ;;
demo | -*)
    exec "$UV" run --quiet --frozen --no-default-groups main.py "$@"
    ;;
*)
    # The tests' own packages are not needed to run; the analysts' are, for some files.
    exec "$UV" run --quiet --frozen --no-default-groups --extra analysis main.py "$@"
    ;;
esac
