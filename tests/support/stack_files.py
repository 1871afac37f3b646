"""What the ops repo of the test stack holds: three small services, told apart by what they exercise.

``web`` answers HTTP, keeps a volume and asks for backups; ``front`` depends on it and has hooks; ``slow`` takes a few
seconds to become healthy. Sources name neither prefix nor port, so that all stacks share the images of version 1.
"""

from __future__ import annotations

from dataclasses import dataclass

SERVICES = ("web", "front", "slow")
FIRST_TAG = "1"
SECRET_NAME = "WEB_ADMIN_PASSWORD"  # noqa: S105 (the variable's name, not a secret)

_MAIN = {
    "web": "echo started >> /data/starts\nexec httpd -f -p 8080 -h /www\n",
    "front": "touch /ready\ntrap 'exit 0' TERM\nwhile :; do sleep 3600 & wait; done\n",
    "slow": "trap 'exit 0' TERM\nsleep 2.5 & wait\ntouch /ready\nwhile :; do sleep 3600 & wait; done\n",
}
_HOOK = '#!/bin/sh\n# released: repeatable timeout=1m\nset -eu\n. ./.env\necho "{says}"\n'
_HOOKS = {
    "front": {
        "pre_start_init.10-look.sh": "looking around before front starts",
        "post_start_init.10-warm.sh": "front is warm",
        "ensure-config.10-account.sh": f"the account admin has the password ${SECRET_NAME}",
    }
}


@dataclass(frozen=True)
class Names:
    """What makes a stack's names unique on the engine."""

    prefix: str
    """CONTAINER_PREFIX, also the first part of the names of images."""
    port: int
    """Port of ``web`` on the loopback interface."""
    base_image: str
    """Image with a shell that the services are built from."""
    restart: str = "no"
    """What the engine does with containers that have ended, after a reboot for instance."""
    probed_every: str = "1s"
    """How often the engine asks a container whether it is healthy."""

    def container(self, service: str) -> str:
        """Name of a service's container."""
        return f"{self.prefix}{service}"

    def image(self, service: str) -> str:
        """Name of a service's image, without tag."""
        return f"{self.prefix}{service}"

    def project(self, service: str) -> str:
        """Name of a service's Compose project."""
        return f"{self.prefix}{service}"


def ops_repo(names: Names) -> dict[str, str]:
    """Give every file of the ops repo at its first version."""
    return {path: text for service in SERVICES for path, text in service_files(names, service, FIRST_TAG).items()}


def service_files(names: Names, service: str, tag: str) -> dict[str, str]:
    """Give the files of one service at a version; the version is served, so that one can see what runs."""
    folder = f"packages/{service}"
    hooks = {f"{folder}/scripts/{name}": _HOOK.format(says=says) for name, says in _HOOKS.get(service, {}).items()}
    source = {f"{folder}/src/{path}": text for path, text in source_files(names.base_image, service, tag).items()}
    return {
        f"{folder}/manifest.yaml": _MANIFESTS[service](names, tag),
        f"{folder}/docker-compose.yaml": _COMPOSE[service](names),
        f"{folder}/tpl.env": _template(service),
        **hooks,
        **source,
    }


def source_files(base_image: str, service: str, tag: str) -> dict[str, str]:
    """Give what the image of a service is built from; paths are relative to ``src``."""
    dockerfile = f'FROM {base_image}\nCOPY www /www\nCOPY main.sh /main.sh\nENTRYPOINT ["/bin/sh", "/main.sh"]\n'
    return {
        "Dockerfile": dockerfile,
        "main.sh": _MAIN[service],
        "www/healthz": "ok\n",
        "www/version": f"{service} {tag}\n",
    }


def dotenv(names: Names, secret: str) -> str:
    """Give the ``.env`` of the checkout."""
    tags = [f"{_tag_variable(service)}={FIRST_TAG}" for service in SERVICES]
    return "\n".join(["# never committed", f"CONTAINER_PREFIX={names.prefix}", *tags, f"{SECRET_NAME}={secret}", ""])


def _tag_variable(service: str) -> str:
    return f"{service.upper()}_IMAGE_TAG"


def _template(service: str) -> str:
    secret = f"{SECRET_NAME}=\n" if service == "web" else ""
    return f"CONTAINER_PREFIX=\n{_tag_variable(service)}=\n{secret}"


def _manifest(names: Names, service: str, tag: str, priority: int) -> str:
    return f"""\
name: {service}
display_name: {service.capitalize()}
priority: {priority}
image: {{name: {names.image(service)}, tag: '{tag}', env_var: {_tag_variable(service)}, build: true}}
containers:
  - {{name: {service}, role: app, required: true, health_check: true}}
"""


def _web_manifest(names: Names, tag: str) -> str:
    return f"""{_manifest(names, "web", tag, 10)}\
stateful: true
health: {{endpoint: 'http://127.0.0.1:{names.port}/healthz', expected_code: 200, timeout: 30s}}
backup:
  enabled: true
  type: [volume, config]
  quiesce: stop
  volumes: [web-data]
  retention: 3
"""


def _front_manifest(names: Names, tag: str) -> str:
    return f"{_manifest(names, 'front', tag, 20)}depends_on: [web]\nhealth: {{timeout: 30s}}\n"


def _slow_manifest(names: Names, tag: str) -> str:
    return f"{_manifest(names, 'slow', tag, 30)}health: {{timeout: 60s}}\n"


def _compose(names: Names, service: str, probe: str) -> str:
    return f"""\
services:
  {service}:
    image: {names.image(service)}:${{{_tag_variable(service)}}}
    build: ./src
    container_name: ${{CONTAINER_PREFIX}}{service}
    init: true
    restart: '{names.restart}'
    stop_grace_period: 1s
    healthcheck:
      test: [CMD, {probe}]
      interval: {names.probed_every}
      timeout: 5s
      retries: 30
"""


def _web_compose(names: Names) -> str:
    return f"""{_compose(names, "web", "wget, -q, -O, /dev/null, 'http://127.0.0.1:8080/healthz'")}\
    network_mode: bridge
    ports: ['127.0.0.1:{names.port}:8080']
    environment:
      {SECRET_NAME}: ${{{SECRET_NAME}}}
    volumes: ['web-data:/data']
volumes:
  web-data: {{}}
"""


def _front_compose(names: Names) -> str:
    return _compose(names, "front", "test, -f, /ready") + "    network_mode: none\n"


def _slow_compose(names: Names) -> str:
    return _compose(names, "slow", "test, -f, /ready") + "    network_mode: none\n"


_MANIFESTS = {"web": _web_manifest, "front": _front_manifest, "slow": _slow_manifest}
_COMPOSE = {"web": _web_compose, "front": _front_compose, "slow": _slow_compose}
