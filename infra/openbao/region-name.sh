# Read by enroller.sh and region.sh: takes NAME and CA_FILE, and gives `name` and `ca` (PEM).
name=$1
case $name in
'' | *[!a-z0-9-]*)
    echo "a region's name is of small letters, digits and hyphens" >&2
    exit 2
    ;;
esac
ca=$(tr -d '\r' <"$2" | sed -n '/^-----BEGIN CERTIFICATE-----$/,/^-----END CERTIFICATE-----$/p')
if [ -z "$ca" ] || printf '%s' "$ca" | grep -q '[^A-Za-z0-9+/= -]'; then
    echo "$2 holds no certificate (PEM)" >&2
    exit 2
fi
