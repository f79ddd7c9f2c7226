# shellcheck shell=bash
# What the scripts of this folder share: where things are, the moment of the build, the flags, the tools.
# It is sourced by bash, from anywhere; it changes into the project's folder.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
root=$PWD
# Everything that is built for packages, before it is packed.
stage=$root/target/packaging
# Tools are kept outside the tree, so that a fresh clone finds those of the one before.
tools=${GPHOTOS_SYNCD_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/gphotos-syncd-packaging}
PATH=$tools/bin:$PATH

# The moment that artefacts carry: the commit's, unless the caller knows better.
if [ -z "${SOURCE_DATE_EPOCH:-}" ]; then
  SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct) || exit 1
fi
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC
umask 022
# What is built lies where the metadata of the packages looks for it, and is built by the flags below alone.
unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR CARGO_BUILD_TARGET RUSTFLAGS

cargo_home=${CARGO_HOME:-$HOME/.cargo}
# shellcheck disable=SC2034 # The scripts that source this file use it.
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)

say() { printf '%s: %s\n' "${0##*/}" "$*"; }

# need_apt COMMAND PACKAGE...: installs the packages if the command is missing.
need_apt() {
  local command=$1
  shift
  command -v "$command" >/dev/null && return 0
  say "installing $* with apt-get, for $command"
  apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

# need_cargo TOOL VERSION: builds the tool in exactly this version if it is missing.
need_cargo() {
  local tool=$1 wanted=$2
  if [ -x "$tools/bin/$tool" ] && [ "$(cat "$tools/$tool.version" 2>/dev/null)" = "$wanted" ]; then
    return 0
  fi
  say "building $tool $wanted into $tools (once)"
  cargo install --quiet --locked --force --root "$tools" "$tool@$wanted" || return 1
  printf '%s\n' "$wanted" >"$tools/$tool.version"
}

# make_stage: builds the binary, and makes all that is made of it: a stripped copy, manual pages, completions.
make_stage() {
  say "building with the profile dist"
  with_flags cargo build --profile dist --locked -p gphotos-syncd -p man-pages || return 1
  say "writing manual pages and completions to target/packaging"
  fill_stage target/dist
}

# refuse_debug_build BINARY: fails if it has the switch that hangs the supervisor, which debug builds alone have.
refuse_debug_build() {
  [ -f "$1" ] || { say "no binary at $1" >&2 && return 1; }
  grep --quiet --text --fixed-strings GPHOTOS_SYNCD_DEBUG_HANG_FILE "$1" || return 0
  say "$1 is a debug build: it has the switch that hangs the supervisor, so nothing is made of it" >&2
  return 1
}

# with_flags COMMAND...: no path of this machine may stand in a binary, neither of the sources and crates nor of C code.
# Cargo parts these flags by the character 31, and the C compiler's are quoted, because a path may have spaces.
with_flags() {
  local here="--remap-path-prefix=$root=/gphotos-syncd" crates="--remap-path-prefix=$cargo_home=/cargo"
  env CARGO_ENCODED_RUSTFLAGS="$here"$'\x1f'"$crates" CC_SHELL_ESCAPED_FLAGS=1 \
    CFLAGS="'-ffile-prefix-map=$root=/gphotos-syncd' '-ffile-prefix-map=$cargo_home=/cargo'" "$@"
}

# fill_stage DIR: takes the binary and the writer of the pages from DIR.
fill_stage() {
  local from=$1 page
  refuse_debug_build "$from/gphotos-syncd" || return 1
  rm -rf "$stage"
  mkdir -p "$stage"/{bin,man,man.gz,completions} || return 1
  strip --strip-all --remove-section=.comment -o "$stage/bin/gphotos-syncd" "$from/gphotos-syncd" || return 1
  write_notices "$stage/NOTICE" && gzip -9 --no-name "$stage/NOTICE" || return 1
  "$from/man-pages" "$stage/man" "$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%d)" || return 1
  cp packaging/man/*.[58] "$stage/man/" || return 1
  # The unit and the journal's catalog name the page without its suffix.
  printf '.so man8/gphotos-syncd.service.8\n' >"$stage/man/gphotos-syncd.8"
  for page in "$stage"/man/*; do
    gzip -9 --no-name --stdout "$page" >"$stage/man.gz/${page##*/}.gz" || return 1
  done
  "$stage/bin/gphotos-syncd" completions bash >"$stage/completions/gphotos-syncd.bash" &&
    "$stage/bin/gphotos-syncd" completions zsh >"$stage/completions/_gphotos-syncd" &&
    "$stage/bin/gphotos-syncd" completions fish >"$stage/completions/gphotos-syncd.fish" || return 1
  # Packages carry the times of files; those of a checkout differ from one to the next.
  mkdir "$stage/files" && cp --recursive --parents LICENSE ./*.md config systemd packaging "$stage/files" || return 1
  find "$stage" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
}

# linked_crates: the crates that are linked into the binary, one a line: NAME VERSION|LICENCE.
linked_crates() {
  cargo tree --locked -p gphotos-syncd -e normal,no-proc-macro --prefix none --format '{p}|{l}' |
    sed -e 's/ (\*)$//' -e 's/ (proc-macro)|/|/' -e 's/ v\([0-9]\)/ \1/' | grep -v '^gphotos-syncd ' | sort -u
}

# write_notices FILE: the licences of all linked crates, word by word, as most of them demand of who passes them on.
write_notices() {
  local crate licence text
  linked_crates | while IFS='|' read -r crate licence; do
    printf '%s\n\n%s\nLicence: %s\n\n' "$(printf '=%.0s' {1..80})" "$crate" "$licence"
    for text in "$cargo_home"/registry/src/*/"${crate// /-}"/{LICEN[CS]E,COPYING,NOTICE,COPYRIGHT}*; do
      [ ! -f "$text" ] || { cat "$text" && printf '\n'; } || return 1
    done
  done >"$1"
  [ -s "$1" ]
}
