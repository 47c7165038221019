#!/bin/sh
# Make .venv hold exactly what uv.lock says. Needs Python 3.11 to 3.13 with venv, and the network
# once; a second run with nothing changed ends at once. Any other Python: MAMMO_PYTHON=/path/to/it
set -eu
cd "$(dirname "$0")/.."
unset VIRTUAL_ENV PYTHONHOME PYTHONPATH PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV || :

room_kib=$((4 * 1024 * 1024))
stamp=.venv/.in-step-with
log=.venv/setup.log

fail() {
    printf 'setup: %s\n' "$1" >&2
    exit 1
}

fail_with_log() {
    if grep -qi 'no space left' "$log"; then
        fail "the disk filled up. Make room (4 GiB) and run it again."
    fi
    tail -n 5 "$log" >&2
    if grep -Eqi 'resolve|connect|network|timed out|unreachable|fetch|retrieve|no matching' "$log"; then
        fail "$1: the package index did not answer. Check the network; a proxy is set with HTTPS_PROXY, a mirror with PIP_INDEX_URL and UV_DEFAULT_INDEX."
    fi
    fail "$1. All that was said is in $log"
}

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null
}

has_venv() {
    "$1" -c 'import venv, ensurepip' 2>/dev/null
}

# The newest Python that fits and has venv; else one that fits, to say what it lacks.
find_python() {
    bare=
    for candidate in ${MAMMO_PYTHON:-python3.13 python3.12 python3.11 python3}; do
        if command -v "$candidate" >/dev/null 2>&1 && fits "$candidate"; then
            if has_venv "$candidate"; then
                printf '%s' "$candidate"
                return
            fi
            bare=${bare:-$candidate}
        fi
    done
    printf '%s' "$bare"
}

wanted=$(cat uv.lock pyproject.toml | cksum)
if [ -x .venv/bin/mammo ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && fits .venv/bin/python; then
    exit 0
fi

free_kib=$(df -Pk . | awk 'NR == 2 { print $4 }')
if [ ! -x .venv/bin/mammo ] && [ "$free_kib" -lt "$room_kib" ]; then
    fail "only $((free_kib / 1024)) MiB are free here, and 4096 MiB are needed. Make room and run it again."
fi

if [ ! -x .venv/bin/uv ] || ! fits .venv/bin/python; then
    python=$(find_python)
    [ -n "$python" ] || fail "no Python 3.11, 3.12 or 3.13 was found. Install one, or name one: MAMMO_PYTHON=/path/to/python3 make setup"
    has_venv "$python" ||
        fail "$python has no venv module. On Debian and Ubuntu: apt install python3-venv"
    echo "setup: making .venv with $("$python" -V)"
    "$python" -m venv --clear .venv || fail "$python could not make .venv. Delete it and run this again."
    # uv itself comes by the lock file's version and digests, like all the rest after it.
    .venv/bin/python - >.venv/uv.txt <<'EOF'
import pathlib, tomllib
packages = tomllib.loads(pathlib.Path("uv.lock").read_text())["package"]
uv = next(package for package in packages if package["name"] == "uv")
print(f"uv=={uv['version']}", *(f"--hash={wheel['hash']}" for wheel in uv["wheels"]))
EOF
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps \
        --only-binary=:all: --require-hashes -r .venv/uv.txt >"$log" 2>&1 ||
        fail_with_log "uv could not be installed"
fi

echo "setup: installing what uv.lock names (1.7 GB on disk; the first time it is fetched)"
export UV_PROJECT_ENVIRONMENT="$PWD/.venv" UV_PYTHON="$PWD/.venv/bin/python" UV_PYTHON_DOWNLOADS=never
.venv/bin/uv sync --frozen --no-progress >"$log" 2>&1 || {
    # Behind a proxy that opens TLS, only the system knows whom to trust.
    grep -qi 'certificate' "$log" &&
        UV_SYSTEM_CERTS=1 .venv/bin/uv sync --frozen --no-progress >"$log" 2>&1
} || fail_with_log "the packages could not be installed"
printf '%s\n' "$wanted" >"$stamp"
echo "setup: ready"
