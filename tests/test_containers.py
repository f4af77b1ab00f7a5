"""The container files hold together. They cannot be built here, so they are read as Docker would, and held to rules."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from bot.settings import SECRETS, Settings
from tests.test_docs import defaults

ROOT = Path(__file__).parents[1]
ONLY_FOR_TESTS = {name.upper() for name in Settings.model_fields if name.endswith("_api_base_url")}
_VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::([-?])([^}]*))?\}")


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    return read


def instructions() -> list[tuple[str, str]]:
    """Read the Dockerfile: each instruction with its words, lines that go on put together."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ")
    pairs = [line.split(maxsplit=1) for line in lines.splitlines() if line.strip()]
    return [(word, rest) for word, rest in pairs]


def words(instruction: str) -> list[str]:
    return [rest for word, rest in instructions() if word == instruction]


KNOWN = {"ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "RUN", "USER", "VOLUME", "WORKDIR"}


def test_the_dockerfile_is_made_of_instructions_that_docker_knows() -> None:
    assert {word for word, _ in instructions()} <= KNOWN  # no ADD: it fetches and unpacks unasked
    assert instructions()[0][0] == "ARG"
    assert len(words("FROM")) == 2


def test_what_is_copied_into_the_image_is_there_and_is_all_that_runs() -> None:
    copied = [name for rest in words("COPY") if "--from" not in rest for name in shlex.split(rest)[:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert {"main.py", "bot", "channels", "storage", "surveys", "pyproject.toml", "uv.lock"} <= set(copied)
    assert not {".", ".env", "tests", ".git"} & set(copied)


def test_the_image_runs_as_a_user_who_is_not_root() -> None:
    order = [word for word, _ in instructions()]
    (user,) = words("USER")
    assert user not in ("root", "0")
    assert order.index("USER") < order.index("ENTRYPOINT")
    assert f"useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin {user}" in words("RUN")[-1]


def test_every_volume_of_the_image_belongs_to_that_user() -> None:
    (volumes,) = words("VOLUME")
    for folder in yaml.safe_load(volumes):
        assert re.search(rf"--owner=earshot .* {folder}\b", words("RUN")[-1]), folder


def test_versions_in_the_image_are_pinned() -> None:
    assert all(":latest" not in rest for rest in words("FROM"))
    assert [rest for rest in words("FROM") if ":" not in rest] == []
    assert re.search(r'pip install [^"]*"uv==\$\{UV_VERSION\}"', words("RUN")[0])
    assert "--frozen" in " ".join(words("RUN"))


def test_no_secret_is_baked_into_the_image() -> None:
    baked = " ".join([*words("ENV"), *words("ARG")])
    assert [name for name in SECRETS if re.search(rf"\b{name}=", baked) and name != "DATABASE_URL"] == []


def test_the_image_is_asked_how_it_is() -> None:
    (check,) = words("HEALTHCHECK")
    assert "http://127.0.0.1:8000/healthz" in check
    assert words("ENTRYPOINT") == ['["earshot"]']
    assert words("CMD") == ['["serve", "--host", "0.0.0.0"]']
    assert words("EXPOSE") == ["8000"]


def test_compose_hands_every_setting_on() -> None:
    given = set(compose()["services"]["earshot"]["environment"])
    wanted = {name.upper() for name in Settings.model_fields} - ONLY_FOR_TESTS - {"DATABASE_URL"}
    assert {name.removesuffix("_FILE") for name in given} == wanted
    assert {name.removesuffix("_FILE") for name in given if name.endswith("_FILE")} <= set(SECRETS)


def test_compose_repeats_no_default_that_is_not_the_settings_own() -> None:
    environment: dict[str, str] = compose()["services"]["earshot"]["environment"]
    for name, value in environment.items():
        found = _VARIABLE.fullmatch(value)
        if found is not None:
            assert found[1] == name
            assert found[2] == "?" or found[3] in ("", defaults()[name]), name


def test_secrets_are_files_and_each_is_declared_used_and_documented() -> None:
    read = compose()
    earshot = read["services"]["earshot"]
    assert set(earshot["secrets"]) == set(read["secrets"])
    files = {value for name, value in earshot["environment"].items() if name.endswith("_FILE")}
    assert files == {f"/run/secrets/{name}" for name in read["secrets"]} - {"/run/secrets/database_password"}
    page = (ROOT / "docs" / "how-to" / "run-in-containers.md").read_text(encoding="utf-8")
    for name, secret in read["secrets"].items():
        assert secret == {"file": f"../earshot-secrets/{name}"}
        assert name in page


def test_everything_that_is_mounted_or_joined_is_declared() -> None:
    read = compose()
    for service in read["services"].values():
        mounted = {volume.split(":")[0] for volume in service.get("volumes", ())}
        assert mounted <= set(read["volumes"])
        assert set(service.get("networks", ())) <= set(read["networks"])
        assert {each["source"] for each in service.get("configs", ())} <= set(read["configs"])
        assert set(service.get("depends_on", ())) <= set(read["services"])


@pytest.mark.parametrize("name", sorted(compose()["services"]))
def test_each_service_restarts_rotates_its_log_and_gains_no_rights(name: str) -> None:
    service = compose()["services"][name]
    assert service["restart"] == "unless-stopped"
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "10"}
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert not service.get("image", "caddy:2").endswith(":latest")
    if name != "database":  # it changes its user and the rights of its files when it first starts
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True


def test_only_the_web_server_is_reached_from_outside_and_the_database_reaches_nobody() -> None:
    read = compose()
    assert [name for name, service in read["services"].items() if "ports" in service] == ["web"]
    assert read["services"]["database"]["networks"] == ["inside"]
    assert read["networks"]["inside"] == {"internal": True}


def test_the_web_server_passes_on_all_but_the_figures_and_keeps_no_log() -> None:
    (config,) = compose()["services"]["web"]["configs"]
    assert config["target"] == "/etc/caddy/Caddyfile"
    caddyfile = (ROOT / compose()["configs"][config["source"]]["file"]).read_text(encoding="utf-8")
    assert re.search(r"^\{\$PUBLIC_BASE_URL\} \{$", caddyfile, re.MULTILINE)
    assert "PUBLIC_BASE_URL" in compose()["services"]["web"]["environment"]
    assert "reverse_proxy earshot:8000" in caddyfile
    assert "respond /metrics 404" in caddyfile
    assert not re.search(r"^\s*log\b", caddyfile, re.MULTILINE)


def test_what_a_read_only_service_is_given_is_a_file_that_is_there() -> None:
    """Compose writes `content` and `environment` into the container, which it cannot where that is read-only."""
    read = compose()
    for service in read["services"].values():
        if service.get("read_only"):
            given = [read["configs"][each["source"]] for each in service.get("configs", ())]
            given += [read["secrets"][name] for name in service.get("secrets", ())]
            assert [each for each in given if set(each) != {"file"}] == []
    for config in read["configs"].values():
        assert (ROOT / config["file"]).is_file()


def test_the_password_of_the_database_is_read_inside_and_quoted() -> None:
    *_, script, name = compose()["services"]["earshot"]["entrypoint"]
    assert "$$(cat /run/secrets/database_password)" in script
    assert 'exec earshot "$$@"' in script
    assert name == "earshot"
    assert compose()["services"]["earshot"]["command"] == ["serve", "--host", "0.0.0.0"]
