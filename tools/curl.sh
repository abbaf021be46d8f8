#!/usr/bin/env bash
# SPDX-License-Identifier: MPL-2.0
# Prints a prefix that holds a small static libcurl (include/, lib/libcurl.a), built once from Debian's source package. What that
# was is in share/curl/: `version` and `copyright`, for the release's list of what is in it.
#
# Debian's own libcurl.a cannot be linked fully static: its Kerberos, LDAP and SSH parts exist as shared libraries only.
# This one speaks HTTP(S), WebSocket and unix sockets, resolves names by c-ares (glibc's resolver needs shared libraries
# at run time), and is linked with: libcurl.a cares ssl crypto.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/say.sh"

# Another recipe, another folder.
prefix=$cache/libcurl-$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-12)

options=(
  HTTP_ONLY=ON ENABLE_WEBSOCKETS=ON CURL_USE_OPENSSL=ON ENABLE_ARES=ON CURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt
  CURL_ZLIB=OFF USE_NGHTTP2=OFF USE_LIBIDN2=OFF CURL_USE_LIBPSL=OFF CURL_USE_LIBSSH2=OFF
  CURL_DISABLE_ALTSVC=ON CURL_DISABLE_HSTS=ON CURL_DISABLE_NETRC=ON CURL_DISABLE_NTLM=ON CURL_DISABLE_COOKIES=ON
  BUILD_CURL_EXE=OFF BUILD_SHARED_LIBS=OFF BUILD_TESTING=OFF
)

# apt with this machine's sources turned into source-package entries, in a folder of its own: /etc stays as it is.
source_apt() {
  apt-get -qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=- \
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root "$@"
}

fetch() {
  mkdir -p "$work"/lists/partial "$work"/cache/archives/partial
  apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
    sort -u >"$work/sources.list"
  cd "$work"
  quietly source_apt update
  quietly source_apt source curl
}

build() {
  # No trace of the folder's random name in the archive: the same source gives the same bytes.
  quietly cmake -G Ninja -S "$work"/curl-*/ -B "$work/build" -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_C_FLAGS="-ffile-prefix-map=$work=." -DCMAKE_INSTALL_PREFIX="$work/installed" "${options[@]/#/-D}"
  quietly cmake --build "$work/build" --target install
  mkdir -p "$work/installed/share/curl"
  dpkg-parsechangelog -l "$work"/curl-*/debian/changelog -S Version >"$work/installed/share/curl/version"
  cp "$work"/curl-*/debian/copyright "$work/installed/share/curl/copyright"
}

if [[ ! -e $prefix/lib/libcurl.a ]]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  say "downloading curl's source package"
  fetch
  say "building a static libcurl"
  build
  mkdir -p "$cache"
  mv "$work/installed" "$prefix"
fi
echo "$prefix"
