"""An XMP packet as another program writes it."""

from __future__ import annotations

XMP = (
    b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="uuid:1" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"'
    b' tiff:Orientation="6"><tiff:Make>K\xc3\xb6nig</tiff:Make></rdf:Description></rdf:RDF>'
    b"</x:xmpmeta>" + b" " * 2000 + b'<?xpacket end="w"?>'
)
DESCRIPTION = (
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'>"
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
    "<rdf:Description rdf:about='' {}</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def packet(content: str) -> bytes:
    """An XMP packet with attributes, ">" and properties."""
    return DESCRIPTION.format(content).encode()
