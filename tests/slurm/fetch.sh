#!/bin/bash
# Unpack Debian's Slurm into a folder, installing nothing: fetch.sh FOLDER
set -euo pipefail
packages=(slurmctld slurmd slurm-client slurm-wlm-basic-plugins libmunge2 libhwloc15 liblua5.1-0)
folder=$1
[ -e "$folder/usr/sbin/slurmctld" ] && exit
rm -rf "$folder"
mkdir -p "$folder"
cd "$folder"
apt-get download "${packages[@]}" || { apt-get update -q && apt-get download "${packages[@]}"; }
for package in *.deb; do dpkg-deb --extract "$package" .; done
# By these names, which Debian's alternatives give them, they know that they are daemons: by
# another name, slurmctld reads a node's Gres and forgets it.
for name in slurmctld slurmd slurmstepd; do ln -sf "$name-wlm" "usr/sbin/$name"; done
