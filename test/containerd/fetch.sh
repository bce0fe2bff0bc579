#!/bin/bash
# fetch.sh SUITE...: unpacks containerd of Debian suites (sid, trixie), and kubectl of trixie, into
# test/containerd/.cache/SUITE, or below $HOOKS_CONTAINERD_CACHE. Nothing is installed, and the machine's apt is not touched: lists and packages lie in the cache,
# the mirror and the keys are those that the machine has already. Does nothing for a suite that is there. Needs apt.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${HOOKS_CONTAINERD_CACHE:-$here/.cache}
mkdir -p "$cache"
cd "$cache"
cache=$PWD

# One at a time: test files run side by side.
exec 9>lock
flock 9

declare -A packages=([sid]=containerd [trixie]='containerd kubectl')
missing=()
for suite in "$@"; do
  [ "$(cat "$suite/.complete" 2>/dev/null)" = "${packages[$suite]}" ] || missing+=("$suite")
done
[ ${#missing[@]} -gt 0 ] || exit 0

codename=$(. /etc/os-release && echo "${VERSION_CODENAME:?no VERSION_CODENAME in /etc/os-release}")
mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' 'Component: main' |
  awk -v release="$codename" '$1 == release { print $2; exit }')
: "${mirror:?the sources of apt name no mirror of $codename}"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

rm -rf apt
mkdir -p apt/lists/partial apt/archives/partial
for suite in "${missing[@]}"; do
  echo "deb [signed-by=$keyring] $mirror $suite main"
done >apt/sources.list
: >apt/status
apt=(apt-get --quiet
  -o Dir::Etc::SourceList="$cache/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null
  -o Dir::State="$cache/apt" -o Dir::State::Lists="$cache/apt/lists" -o Dir::State::Status="$cache/apt/status"
  -o Dir::Cache="$cache/apt" -o Dir::Cache::Archives="$cache/apt/archives"
  -o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Default-Release= -o APT::Sandbox::User=root)
"${apt[@]}" update
for suite in "${missing[@]}"; do
  rm -rf "$suite" apt/download
  mkdir -p "$suite" apt/download
  for package in ${packages[$suite]}; do
    (cd apt/download && "${apt[@]}" download "$package/$suite")
    dpkg --extract apt/download/"$package"_*.deb "$suite"
  done
  # A newer suite may need a newer libc than this machine has: say so here, not in the first test.
  "$suite/usr/bin/containerd" --version
  echo "${packages[$suite]}" >"$suite/.complete"
done
rm -rf apt
