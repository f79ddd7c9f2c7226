# Files looked at again, mended, and put back from the trash, beside the daemon.

root=/srv/photos/alice
mode=$(stat -c %a "$root")
check_soon "alice rests" 60 state_is alice idle
check_soon "bob rests" 60 state_is bob idle
readme 'Are they still what they were?'

photo=$(find "$root/photos" -type f | sort | head -1)
cp --preserve=timestamps "$photo" /root/whole
rot() { # a byte falls over, and neither time nor length tells
  printf X | dd of="$photo" bs=1 seek=100 conv=notrunc status=none
  touch --reference=/root/whole "$photo"
}
as_user() { sudo -u gphotos-syncd gphotos-syncd "$@"; }
rot
check "bit rot is found" not as_user verify alice
check "monitors are told" has "$(gphotos-syncd status --check || true)" 'CRITICAL - alice: files on disk: 1 damaged'
check "a repair fetches it by the daemon" as_user verify alice --repair
check "it is whole again" cmp "$photo" /root/whole
check "the spoilt copy is kept" test -f "$root/.gphotos-syncd/damaged${photo#"$root"}"
is_mended() { ! gphotos-syncd status --check | grep -q damaged; }
check_soon "monitors are told so" 30 is_mended

# What lies in the trash goes back by the commands of the README, whoever put it there.
day=$root/.gphotos-syncd/trash/2026-11-29
sudo -u gphotos-syncd mkdir -p "$day/photos/2024/05" "$root/photos/2024/05"
for name in IMG_1.jpg IMG_2.jpg; do
  install -o gphotos-syncd -g gphotos-syncd -m 0640 /root/whole "$day/photos/2024/05/$name"
done
readme 'What is gone at Google'
for name in IMG_1.jpg IMG_2.jpg; do
  check "$name is back, and the daemon's" is "$(stat -c %U "$root/photos/2024/05/$name")" gphotos-syncd
done
check "a folder's rights are what they were" is "$(stat -c %a "$root")" "$mode"
rm -r "$day" "$root/photos/2024/05/"IMG_[12].jpg /root/whole
