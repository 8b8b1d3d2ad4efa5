# Writes a file of a release from standard input. $1: the id; $2: the path; $3: the mode.
busy
cd "$root/releases/$1"
case $2 in */*) mkdir -p "./${2%/*}" ;; esac
(umask 077 && cat >"./$2.nirvana")
chmod "$3" "./$2.nirvana"
mv -f "./$2.nirvana" "./$2"
