#!/usr/bin/env bash
# Set up what a make target needs: ./setup.sh VENV EXTRA…   The second run with the same files does nothing.
# EXTRA is an extra of pyproject.toml, or "system-for-tests": programs that tests use and pip does not bring.
set -euo pipefail
cd "$(dirname "$0")"
venv=$1
shift

say() { printf '%s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
root() { [ "$(id -u)" = 0 ]; }

apt_install() { # apt_install PACKAGE…: true when they are installed afterwards
    command -v apt-get > /dev/null && root || return 1
    say "installing with apt-get: $*"
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y -qq --no-install-recommends "$@" > /dev/null 2>&1 && return 0
    apt-get update -qq > /dev/null && apt-get install -y -qq --no-install-recommends "$@" > /dev/null
}

python_for_venv() { # the first Python 3.11 or newer that can make a virtual environment
    local name
    for name in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
            echo "$name"
            return
        fi
    done
    return 1
}

make_venv() {
    "$venv/bin/python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null && return
    local python
    python=$(python_for_venv) || { apt_install python3 python3-venv || true; python=$(python_for_venv); } ||
        fail "Python 3.11 or newer with venv is needed: install it (Debian, Ubuntu: apt-get install python3 python3-venv)"
    say "making a virtual environment in $venv"
    rm -rf "$venv"
    "$python" -m venv "$venv"
}

install_extras() {
    local wanted stamp key limits=(-c constraints.txt)
    wanted=$(IFS=,; echo "$*")
    stamp="$venv/.installed-$wanted"
    [[ ",$wanted," =~ ,(ultralytics|deepface), ]] && limits+=(-c constraints-extras.txt)
    key=$(cat pyproject.toml constraints.txt constraints-extras.txt setup.sh | sha256sum)
    [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$key" ] && return
    say "installing motcua[$wanted] (the first time this takes a minute or two)"
    "$venv/bin/python" -m pip install --disable-pip-version-check -q "${limits[@]}" -e ".[$wanted]" 2> "$venv/pip.log" ||
        { cat "$venv/pip.log" >&2; fail "pip could not install: check the connection and that there is room, then try again"; }
    "$venv/bin/python" onebox/one_opencv.py >&2 || fail "OpenCV does not work: remove $venv and try again"
    mkdir -p .typing && ln -sfn .. .typing/motcua
    echo "$key" > "$stamp"
}

rtsp_server() { # true when GStreamer can play a camera for the tests
    /usr/bin/python3 - 2> /dev/null << 'PY'
import gi
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
raise SystemExit(not (Gst.ElementFactory.find("x264enc") and Gst.ElementFactory.find("rtph264pay")))
PY
}

system_for_tests() {
    local missing=()
    command -v chromium > /dev/null || missing+=(chromium)
    command -v mosquitto > /dev/null || [ -x /usr/sbin/mosquitto ] || missing+=(mosquitto)
    command -v node > /dev/null || missing+=(nodejs)
    command -v npm > /dev/null || missing+=(npm)
    command -v strace > /dev/null || missing+=(strace)
    echo 'int x;' | gcc -shared -fPIC -x c -o /dev/null - 2> /dev/null || missing+=(gcc libc6-dev)
    rtsp_server || missing+=(python3-gi gir1.2-gst-rtsp-server-1.0 gstreamer1.0-plugins-good gstreamer1.0-plugins-ugly)
    [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}" ||
        fail "the tests need ${missing[*]}: install them (as root: apt-get install ${missing[*]})"
}

make_venv
extras=()
for extra in "$@"; do
    if [ "$extra" = system-for-tests ]; then system_for_tests; else extras+=("$extra"); fi
done
[ ${#extras[@]} = 0 ] || install_extras "${extras[@]}"
