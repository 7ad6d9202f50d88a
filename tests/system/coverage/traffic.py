# SPDX-License-Identifier: GPL-2.0-or-later
# Bytes of the protocols, for the case files. Nothing in them harms a server.
import ssl
import struct
import zlib


def text(value):
    return value.encode("latin-1") if isinstance(value, str) else value


def request(line, *headers, body=b"", host="a", length=True):
    """An HTTP request; `line` is method and target, or the whole first line with its version."""
    first = text(line)
    if b" HTTP/" not in first:
        first += b" HTTP/1.1"
    lines = [first] + ([b"Host: " + text(host)] if host else []) + [text(header) for header in headers]
    body = text(body)
    if body and length:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def post(target, body, content_type=None, *headers):
    more = ["Content-Type: " + content_type] if content_type else []
    return request("POST " + target, *more, *headers, body=body)


def chunked(target, *parts, trailer=()):
    head = request("POST " + target, "Transfer-Encoding: chunked", "Trailer: X-End")
    lines = b"".join(text(line) + b"\r\n" for line in trailer)
    return head + b"".join(b"%x\r\n%s\r\n" % (len(part), text(part)) for part in parts) + b"0\r\n" + lines + b"\r\n"


def gzip(data):
    packer = zlib.compressobj(wbits=31)
    return packer.compress(text(data)) + packer.flush()


def multipart(*parts):
    """Each part: name, content, and a file name or None."""
    body = b""
    for name, content, file in parts:
        body += b"--sep\r\nContent-Disposition: form-data; name=\"%s\"" % text(name)
        if file:
            body += b"; filename=\"%s\"" % text(file)
        body += b"\r\n\r\n%s\r\n" % text(content)
    return body + b"--sep--\r\n"


def upload(target, *parts):
    return post(target, multipart(*parts), "multipart/form-data; boundary=sep")


def record(kind, payload, version=0x0303):
    return struct.pack("!BHH", kind, version, len(payload)) + text(payload)


def hello(sni="localhost", alpn=None, newest=None, ciphers=None, version=None):
    """A ClientHello as OpenSSL makes it; `version` is that of its record."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers(ciphers or "ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    if newest:
        context.maximum_version = newest
    if alpn:
        context.set_alpn_protocols(alpn)
    sent = ssl.MemoryBIO()
    client = context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=sni)
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    data = sent.read()
    return data if version is None else data[:1] + struct.pack("!H", version) + data[3:]


TLS12, TLS11, TLS10 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1


def heartbeat(claimed, payload):
    return record(24, b"\x01" + struct.pack("!H", claimed) + text(payload))


def name(labels):
    return b"".join(bytes([len(part)]) + text(part) for part in labels.split(".") if part) + b"\0"


def query(labels="benign.example", kind=1, of=1, flags=0x0100, count=None, more=(), records=()):
    """A DNS message: the questions (labels and those in `more`), then `records` as (type, data) of the root."""
    questions = [(labels, kind, of)] + list(more)
    head = struct.pack("!6H", 0x1234, flags, len(questions) if count is None else count, 0, 0, len(records))
    body = b"".join(name(who) + struct.pack("!HH", which, where) for who, which, where in questions)
    return head + body + b"".join(b"\0" + struct.pack("!HHIH", which, 1232, 0, len(data)) + text(data) for which, data in records)


def over_tcp(message):
    return struct.pack("!H", len(message)) + message


def option(code, data=b""):
    return 41, struct.pack("!HH", code, len(data)) + text(data)


def packet(code, payload):
    """An SSH message that is not encrypted."""
    payload = bytes([code]) + text(payload)
    padding = 8 - (len(payload) + 5) % 8
    padding += 8 if padding < 4 else 0
    return struct.pack("!IB", len(payload) + padding + 1, padding) + payload + b"\0" * padding


def kexinit(kex="curve25519-sha256", host_key="ssh-ed25519", cipher="aes128-ctr", mac="hmac-sha2-256"):
    lists = [kex, host_key, cipher, cipher, mac, mac, "none", "none", "", ""]
    return packet(20, b"\0" * 16 + b"".join(struct.pack("!I", len(one)) + text(one) for one in lists) + b"\0" * 5)


def agree():
    """The client's half of the key exchange curve25519-sha256."""
    return packet(30, b"\0\0\0\x20" + b"\1" * 32)


def banner(software="Probe_1.0", proto="2.0"):
    return b"SSH-%s-%s\r\n" % (text(proto), text(software))


def redis(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), text(word)) for word in words)


def netbios(message):
    return struct.pack("!I", len(message)) + message


def smb1(command, words=b"", data=b""):
    """A message of SMB 1: `words` is whole (an even number of bytes)."""
    head = b"\xffSMB" + struct.pack("<BIBH", command, 0, 0x18, 0xC001) + b"\0" * 12 + struct.pack("<HHHH", 0, 1, 0, 2)
    return netbios(head + bytes([len(words) // 2]) + text(words) + struct.pack("<H", len(data)) + text(data))


def dialects(*names):
    return smb1(0x72, b"", b"".join(b"\x02" + text(one) + b"\0" for one in names))


def create1(file):
    """NT_CREATE_ANDX by SMB 1, the name in ASCII."""
    words = b"\xff\0\0\0\0" + struct.pack("<H", len(file)) + b"\0" * 41
    message = bytearray(smb1(0xA2, words, text(file) + b"\0"))
    message[4 + 10:4 + 12] = struct.pack("<H", 0x4001)  # flags: names are not Unicode
    return bytes(message)


def transaction(command, subcommand, total=0):
    """TRANS2 (0x32) or NT_TRANSACT (0xa0)."""
    if command == 0x32:
        words = struct.pack("<HHHHBBHIHHHHHBBH", 0, total, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, subcommand)
    else:
        words = struct.pack("<BHIIIIIIIIBH", 0, 0, 0, total, 0, 0, 0, 0, 0, 0, 0, subcommand) + b"\0"
        words = words[:38]
    return smb1(command, words)


def smb2(command, body):
    head = b"\xfeSMB" + struct.pack("<HHIHHIIQIIQ", 64, 1, 0, command, 1, 0, 0, 1, 0, 0, 0) + b"\0" * 16
    return netbios(head + body)


def negotiate(*versions):
    body = struct.pack("<HHHHI", 36, len(versions), 1, 0, 0) + b"\0" * 24
    return smb2(0, body + struct.pack("<%dH" % len(versions), *versions))


def create2(file):
    data = file.encode("utf-16-le")
    body = struct.pack("<HBBIQQIIIIIHHII", 57, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 120, len(data), 0, 0)
    return smb2(5, body + data)


def compressed(size, offset):
    return netbios(b"\xfcSMB" + struct.pack("<IHHI", size, 2, 0, offset) + b"\0" * 32)


def message(body, kind=1):
    """Of the protocol of `frame = length(...)`: four bytes, the length, the body."""
    return b"PRO" + bytes([kind]) + struct.pack("!H", len(body)) + text(body)
