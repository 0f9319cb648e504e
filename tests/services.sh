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
install mariadbd mariadb-server

if command -v pg_ctlcluster >/dev/null && ! pg_isready -q -h 127.0.0.1; then
  version=$(ls /etc/postgresql | sort -n | tail -1)
  pg_ctlcluster --skip-systemctl-redirect "$version" main start || echo "tests: PostgreSQL did not start"
fi

if command -v mariadbd >/dev/null && ! mariadb-admin --host=127.0.0.1 --user=root ping >/dev/null 2>&1; then
  start-stop-daemon --start --oknodo --background --exec "$(command -v mariadbd)" || echo "tests: MariaDB did not start"
  for _ in $(seq 30); do mariadb-admin ping >/dev/null 2>&1 && break || sleep 1; done
  # Tests come over the network, without a password; the server listens to this machine alone.
  mariadb -e "create database if not exists test; create user if not exists root@'127.0.0.1';
    grant all on *.* to root@'127.0.0.1'" 2>/dev/null || echo "tests: MariaDB does not let tests in"
fi
exit 0
