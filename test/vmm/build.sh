#!/bin/bash
# build.sh OUT: builds the stand-in monitor. Needs Debian's golang-go; nothing is downloaded.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export GO111MODULE=off GOFLAGS= GOTOOLCHAIN=local CGO_ENABLED=0
export GOCACHE=${GOCACHE:-$(dirname "$(dirname "$here")")/.cache/go-build}
go build -ldflags='-s -w' -o "$1" "$here/main.go"
