#!/bin/sh
# Makes the fixture of this directory: the database of a small programme, as the release
# leaves it whose labeld and labelctl are on the PATH. It was run with those of commit
# 662c34f, and with those alone: a fixture is what a release left, and is never made anew.
#
#	git worktree add /tmp/release 662c34f
#	(cd /tmp/release && go build -o /tmp/release/bin/ ./cmd/...)
#	PATH=/tmp/release/bin:$PATH internal/store/testdata/schema-7/make.sh internal/store/testdata/schema-7
#
# It holds two manufacturers and two laboratories; devices with reports, declarations
# and a picture; labels that are active, under review, suspended, revoked, withdrawn,
# superseded, and suspended as the consequence of an event; an advisory, a decision with
# an appeal and its ruling, a plan with its draw, what people reported, webhooks with
# what waits for them, holds, and a statement that was struck.
set -eu
out=$(cd "$1" && pwd)
work=$(mktemp -d)
cd "$work"
export LABELCTL_URL=http://127.0.0.1:18080 LABELCTL_SERVER=127.0.0.1:18443
export LABELD_PASSPHRASE=fixture LABELCTL_PASSPHRASE=fixture
labeld init --data programme --authority example-authority --name "Example Authority" \
  --url "$LABELCTL_URL" --http "${LABELCTL_URL#http://}" --grpc "$LABELCTL_SERVER"
labeld serve --data programme 2>serve.log &
serve=$!
trap 'kill $serve 2>/dev/null || true' EXIT
curl -sSf --max-time 5 --retry 20 --retry-connrefused --retry-delay 1 --retry-max-time 30 "$LABELCTL_URL/healthz"
rm -f "$out/trust.json"
labelctl trust --out "$out/trust.json"

operator() { labelctl --key programme/operator.key --as example-authority "$@"; }
second() { labelctl --key second.key --as example-authority "$@"; }
maker() { labelctl --key maker.key --as northlight "$@"; }
other() { labelctl --key other.key --as merrimake "$@"; }
lab() { labelctl --key lab.key --as aurora-lab "$@"; }
for name in lab maker other second borealis; do labelctl key new --out $name.key >/dev/null; done
operator org key example-authority --pub second.pub
operator org add aurora-lab --name "Aurora Test Laboratory" --role lab --pub lab.pub
operator org add borealis-lab --name "Borealis Test Laboratory" --role lab --pub borealis.pub
operator org add northlight --name "Northlight Devices" --role manufacturer --pub maker.pub
operator org add merrimake --name "Merrimake" --role manufacturer --pub other.pub
for l in aurora-lab borealis-lab; do
  operator org accredit $l --number "T-$l" --body "Example Accreditation Board" \
    --standard en303645 --category '*' --level 4 --from 2025-01-01 --to 2035-12-31
done
maker notice hook add https://hooks.example/labels

# product NAME EXAMPLE LEVEL has a variant of an example labelled, and prints the label's ID.
product() {
  labelctl example "$2" --out "$1" >/dev/null
  if [ "$1" != "$2" ]; then
    sed -i -e "s/^\(model: *\)\(.*\)$/\1$1/" -e '/^gtins:/,/^[a-z]/{/^gtins:/d;/^ *- /d}' "$1/device.yaml"
    for f in "$1/report.yaml" "$1/declaration.yaml"; do [ ! -f "$f" ] || sed -i "s/^\(number: *\)\(.*\)$/\1$1/" "$f"; done
  fi
  maker device register "$1/device.yaml" >&2
  lab attest --results "$1/report.yaml" --device "$1/device.yaml" --out "$1/report.json" >&2
  maker declare --declaration "$1/declaration.yaml" --device "$1/device.yaml" --out "$1/declaration.json" >&2
  maker submit "$1/report.json" "$1/declaration.json" >&2
  maker request "$1/device.yaml" --level "$3" | sed -n 's/^label: *//p'
}
labelctl example camera --out picture >/dev/null
camera=$(product camera camera 3)
maker device register camera/device.yaml --picture picture/picture.png
reviewed=$(product reviewed camera 3)
suspended=$(product suspended camera 3)
revoked=$(product revoked camera 3)
withdrawn=$(product withdrawn camera 3)
superseded=$(product superseded camera 3)
operator label review "$reviewed" --reason complaint --text "A buyer asks."
operator label suspend "$suspended" --reason vulnerability-open --text "Units in shops have the old version."
operator label revoke "$revoked" --reason nonconformity --text "All units have one password." | tee asked
second label approve "$(sed -n 's/^request: *//p' asked | head -1)" --yes
operator label revoke "$suspended" --reason nonconformity --text "It waits for another operator." || true
maker label withdraw "$withdrawn" --reason discontinued --text "No longer made."
maker label renew "$superseded" --level 2 --reason new-level --text "Sold without the app."
maker advisory publish picture/advisory.json

labelctl example plug --out plug >/dev/null
maker device register plug/device.yaml
maker request plug/device.yaml --level 1 || true
refusal=$(maker decision list | sed -n '2s/ .*//p')
maker appeal file "$refusal" --grounds "The manual says how, on page 4."
appeal=$(operator appeal list | sed -n '2s/ .*//p')
operator appeal decide "$appeal" --outcome upheld --text "Nothing was declared."
maker declare --declaration plug/declaration.yaml --device plug/device.yaml --out plug/declaration.json
maker submit plug/declaration.json
maker request plug/device.yaml --level 1

curl -sSf "$LABELCTL_URL/report" -d label="$camera" -d kind=copied --data-urlencode 'text=The same code is on a lamp.' -d contact=me@shop.example >/dev/null
curl -sSf "$LABELCTL_URL/report" -d kind=other --data-urlencode 'text=A shop has no labels.' >/dev/null
operator report close "$(operator report list | sed -n '2s/ .*//p')" --outcome "Taken off the shelf."
operator surveillance plan autumn --size "$(($(curl -sSf "$LABELCTL_URL/log/checkpoint" | sed -n 2p) + 3))" --count 2
operator hold put --manufacturer merrimake --reason misuse --text "Marks without labels."
operator label review "$camera" --reason complaint --text "Another buyer asks."
operator label clear "$camera" --reason resolved --text "All is well."
operator surveillance draw autumn
lost=$(maker submissions --device plug/device.yaml --output json | tr -d ' \n' | sed -n 's/.*"id":"\([0-9a-f]*\)".*/\1/p')
operator event strike "$lost" --device plug/device.yaml --reason false-declaration --text "The plug is another."
operator event lab aurora-lab --number T-aurora-lab --text "The audit found gaps."
sleep 3
kill $serve
wait $serve || true
trap - EXIT
labeld check --data programme
cp programme/labeld.yaml programme/label.pub programme/log.pub "$out"
zstd -19 -q -f programme/labeld.db -o "$out/labeld.db.zst"
ls -l "$out"
