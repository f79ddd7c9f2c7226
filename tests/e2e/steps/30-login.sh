# Both ways to log in: by a browser on this machine, and by pasting.

readme '4. Log in'
for library in alice bob; do
  check "the token of $library is its owner's alone" is "$(stat -c '%U %a' "/srv/photos/$library/.gphotos.token")" 'gphotos-syncd 600'
done
