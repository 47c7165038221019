#!/bin/sh
# Print the program that reads compose files: Docker's own plugin where there is one, else its
# standalone form, else the same built from source, once, outside the clone. No engine is needed to
# read a file. The Go module is pinned here and checked by Go against sum.golang.org; building takes
# Go 1.26.3 or newer, about 3 GiB and some minutes the first time.
set -eu
version=v5.5.1
cache=${MAMMO_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/mammo-dataspace}
place=$cache/compose/$version

if [ "${MAMMO_COMPOSE_BUILD:-}" = "" ]; then
    if docker compose version >/dev/null 2>&1; then
        printf 'docker compose\n'
        exit 0
    fi
    if docker-compose version >/dev/null 2>&1; then
        printf 'docker-compose\n'
        exit 0
    fi
fi
if [ -x "$place/docker-compose" ]; then
    printf '%s\n' "$place/docker-compose"
    exit 0
fi
command -v go >/dev/null 2>&1 || {
    echo "compose: neither 'docker compose' nor Go is here. Install Docker's compose plugin, or Go 1.26.3 or newer (https://go.dev/dl)." >&2
    exit 1
}
mkdir -p "$place"
echo "compose: building $version in $cache (some minutes, once)" >&2
export GOMODCACHE="$cache/go/modules" GOCACHE="$cache/go/build" GOFLAGS=-modcacherw CGO_ENABLED=0
# Its go.mod has directives that `go install` refuses elsewhere: it is built in its own folder, with
# its own go.sum.
{
    go mod download "github.com/docker/compose/v5@$version" &&
        cd "$GOMODCACHE/github.com/docker/compose/v5@$version" &&
        go build -trimpath -o "$place/new" ./cmd
} >"$place/build.log" 2>&1 || {
    tail -n 5 "$place/build.log" >&2
    echo "compose: it could not be built. All that was said is in $place/build.log" >&2
    exit 1
}
mv "$place/new" "$place/docker-compose"
printf '%s\n' "$place/docker-compose"
