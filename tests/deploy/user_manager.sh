#!/usr/bin/env bash
# A real systemd user manager for a user who may do nothing special, in namespaces of its own: nothing of this machine's is touched.
# Called by user_manager.py, as root, within `unshare --mount --pid --fork --mount-proc`. PROJECT USER_ID BASE_PYTHON
set -euo pipefail
project="$1" user="$2" python="$3"

# What systemd's first process makes at boot.
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system /run/systemd/unit-root /run/systemd/propagate "/run/user/$user"
chown "$user:$user" "/run/user/$user"
chmod 700 "/run/user/$user"

# A home, and the program in a path with spaces. Python may lie in a folder of root's that nobody else may enter.
mount -t tmpfs tmpfs /srv
mkdir -p "/srv/back care" /srv/python
mount --bind "$project" "/srv/back care"
if [[ "$python" == /root/* ]]; then
    mount --bind "$python" /srv/python
    mount -t tmpfs -o mode=755 tmpfs /root
    mkdir -p "$python"
    mount --bind /srv/python "$python"
fi
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /var/tmp
chmod 1777 /tmp /var/tmp
mount -t tmpfs tmpfs /home
mkdir -p /home/maria /srv/bin
cp /etc/passwd /etc/group /srv
echo "maria:x:$user:$user::/home/maria:/bin/bash" >>/srv/passwd
echo "maria:x:$user:" >>/srv/group
mount --bind /srv/passwd /etc/passwd
mount --bind /srv/group /etc/group
chown "$user:$user" /home/maria

# Set-up and lingering are the machine's business, and tested elsewhere.
printf '#!/bin/sh\n' >/srv/setup
printf '#!/bin/sh\necho Linger=yes\n' >/srv/bin/loginctl
chmod 755 /srv/setup /srv/bin/loginctl
mount --bind /srv/setup "/srv/back care/script/setup"

cd /home/maria
# Not by exec: as the first process of its namespace it would take itself for the system's manager.
setpriv --reuid "$user" --regid "$user" --clear-groups --inh-caps -all env -i HOME=/home/maria LANG=C.UTF-8 \
    XDG_RUNTIME_DIR="/run/user/$user" PATH=/srv/bin:/usr/local/bin:/usr/bin:/bin /lib/systemd/systemd --user &
wait
