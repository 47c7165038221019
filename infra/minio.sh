#!/bin/sh
# Build the MinIO server, and its client `mc` beside it, from source, once, outside the clone, and
# print where the server is.
# MinIO publishes no binaries any more; its Go module is pinned here and checked by Go against
# sum.golang.org. Needs Go 1.24 or newer, about 4 GiB and several minutes the first time.
set -eu
# The last commit of the community's repository, of 12 February 2026: release tags are no versions
# that Go knows.
version=v0.0.0-20260212201848-7aac2a2c5b7c
client=v0.0.0-20250313080218-cf909e1063a9
cache=${MAMMO_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/mammo-dataspace}
place=$cache/minio/$version

if [ -x "$place/minio" ]; then
    printf '%s\n' "$place/minio"
    exit 0
fi
command -v go >/dev/null 2>&1 || {
    echo "minio: there is no Go here, and MinIO comes as source only. Install Go 1.24 or newer (https://go.dev/dl)." >&2
    exit 1
}
mkdir -p "$place"
echo "minio: building $version in $cache (several minutes, once)" >&2
export GOMODCACHE="$cache/go/modules" GOCACHE="$cache/go/build" GOBIN="$place/new"
export GOFLAGS=-modcacherw CGO_ENABLED=0
{
    go install -trimpath "github.com/minio/mc@$client" &&
        go install -trimpath "github.com/minio/minio@$version"
} >"$place/build.log" 2>&1 || {
    tail -n 5 "$place/build.log" >&2
    echo "minio: it could not be built. All that was said is in $place/build.log" >&2
    exit 1
}
mv "$GOBIN/mc" "$place/mc"
mv "$GOBIN/minio" "$place/minio"
printf '%s\n' "$place/minio"
