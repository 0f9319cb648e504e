#!/usr/bin/env bash
# Install and start what the tests talk to, where this is allowed. Without it the tests that need it say so and are
# skipped; with ANALYTICS_REQUIRE_SERVICES=1 they fail instead.
set -u

can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

install() { # command, packages…
  command -v "$1" >/dev/null && return
  can_install || { echo "tests: $1 is not installed; tests that need it are skipped"; return; }
  echo "tests: installing ${*:2}"
  apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${@:2}" >/dev/null
}

install chromium chromium fonts-dejavu-core
install pg_ctlcluster postgresql

if command -v pg_ctlcluster >/dev/null && ! pg_isready -q -h 127.0.0.1; then
  version=$(ls /etc/postgresql | sort -n | tail -1)
  pg_ctlcluster --skip-systemctl-redirect "$version" main start || echo "tests: PostgreSQL did not start"
fi
exit 0
