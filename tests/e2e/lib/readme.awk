# The commands and files that README.md shows, one record each:
#   KIND TAB LINE TAB SECTION TAB TEXT
# KIND is `sh` with a command as TEXT (continued lines joined), or `file` with PATH, a unit separator, and the content, whose line
# ends are record separators. A file is a fence of toml or ini after a line that ends with its path in backticks and a colon.
BEGIN { FS = "\n" }
/^## / { section = substr($0, 4); next_path = "" }
/^### / { section = substr($0, 5); next_path = "" }
/^#### / { section = substr($0, 6); next_path = "" }
/^```/ && fence == "" {
  fence = substr($0, 4)
  if (fence == "") fence = "plain"
  begin = NR; text = ""; command = ""
  next
}
/^```/ {
  if ((fence == "toml" || fence == "ini") && next_path != "") printf "file\t%d\t%s\t%s\037%s\n", begin, section, next_path, text
  fence = ""; next_path = ""
  next
}
fence == "sh" {
  if (command == "") first = NR
  command = command $0
  if (sub(/\\$/, "", command)) next
  if (command !~ /^[ \t]*(#|$)/) printf "sh\t%d\t%s\t%s\n", first, section, command
  command = ""
  next
}
fence != "" { text = text $0 "\036"; next }
/`\/[^`]*`:$/ { next_path = $0; sub(/`:$/, "", next_path); sub(/.*`/, "", next_path) }
