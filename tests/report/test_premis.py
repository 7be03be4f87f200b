"""PREMIS documents follow the schema of version 3.0, and name what an archive asks for."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from restore.report.premis import SPACE, Object, document

ORIGINAL = Object("/scans/a & b.tif", "11" * 32, 5000, "tiff")
RESULT = Object("/out/a & b.tif", "22" * 32, 7000, "tiff")
RECORD = {
    "name": "faded-print",
    "recipe": '[[steps]]\nuse = "fade"\namount = 0.5\n',
    "version": "0.2.0",
    "modified": "2026-11-29T10:00:00+01:00",
    "network": "compact",
    "networkSha256": "33" * 32,
    "profile": "original",
}
IDENTIFIERS = (
    "objectIdentifier", "eventIdentifier", "agentIdentifier", "linkingEventIdentifier",
    "linkingAgentIdentifier", "linkingObjectIdentifier", "relatedObjectIdentifier",
    "relatedEventIdentifier",
)  # fmt: skip
SCHEMA = {
    "premis": "object+ event* agent* rights*",
    "object": "objectIdentifier+ preservationLevel* significantProperties* "
    "objectCharacteristics+ originalName? storage* signatureInformation* relationship* "
    "linkingEventIdentifier* linkingRightsStatementIdentifier*",
    "objectCharacteristics": "compositionLevel? fixity* size? format+ creatingApplication* "
    "inhibitors* objectCharacteristicsExtension*",
    "fixity": "messageDigestAlgorithm messageDigest messageDigestOriginator?",
    "format": "formatDesignation formatRegistry? formatNote*",
    "formatDesignation": "formatName formatVersion?",
    "storage": "contentLocation storageMedium?",
    "contentLocation": "contentLocationType contentLocationValue",
    "relationship": "relationshipType relationshipSubType relatedObjectIdentifier+ "
    "relatedEventIdentifier* relatedEnvironmentPurpose* relatedEnvironmentCharacteristic?",
    "event": "eventIdentifier eventType eventDateTime eventDetailInformation* "
    "eventOutcomeInformation* linkingAgentIdentifier* linkingObjectIdentifier*",
    "eventDetailInformation": "eventDetail? eventDetailExtension*",
    "eventOutcomeInformation": "eventOutcome eventOutcomeDetail*",
    "eventOutcomeDetail": "eventOutcomeDetailNote eventOutcomeDetailExtension*",
    "agent": "agentIdentifier+ agentName* agentType? agentVersion? agentNote* agentExtension* "
    "linkingEventIdentifier* linkingRightsStatementIdentifier* linkingEnvironmentIdentifier*",
    **{name: f"{name}Type {name}Value" for name in IDENTIFIERS},
}
"""Content models of premis.xsd, version 3.0 of January 18, 2016: elements, how often, in order."""
SCHEMA["linkingAgentIdentifier"] += " linkingAgentRole*"
SCHEMA["linkingObjectIdentifier"] += " linkingObjectRole*"


def fits(element: ET.Element) -> None:
    """Fail if an element or one below it does not have the content that the schema allows."""
    name = element.tag.removeprefix(f"{{{SPACE}}}")
    children = [child.tag.removeprefix(f"{{{SPACE}}}") for child in element]
    if name not in SCHEMA:
        assert not children, name
        assert (element.text or "").strip(), f"{name} is empty"
        return
    at = 0
    for part in SCHEMA[name].split():
        expected = part.rstrip("?*+")
        count = 0
        while at < len(children) and children[at] == expected:
            at, count = at + 1, count + 1
        assert count >= 1 or part[-1] in "?*", f"{name} has no {expected}"
        assert count <= 1 or part[-1] in "*+", f"{name} has {count} times {expected}"
    assert at == len(children), f"{name}: {children[at]} is out of place"
    for child in element:
        fits(child)


def made(record: dict[str, str] = RECORD) -> ET.Element:
    return ET.fromstring(document(ORIGINAL, [RESULT], record, {"numpy": "2.3.0"}))


def texts(root: ET.Element, path: str) -> list[str]:
    return [one.text or "" for one in root.iterfind(path, {"": SPACE})]


def test_it_follows_the_schema() -> None:
    root = made()
    assert root.tag == f"{{{SPACE}}}premis"
    assert root.get("version") == "3.0"
    kinds = {one.get("{http://www.w3.org/2001/XMLSchema-instance}type") for one in root[:2]}
    assert kinds == {"premis:file"}
    fits(root)
    fits(made({"modified": "2026-11-29T10:00:00+01:00"}))  # a recipe without a network


def test_it_says_what_was_done_with_what() -> None:
    root = made()
    assert texts(root, ".//messageDigest") == ["11" * 32, "22" * 32]
    assert texts(root, ".//size") == ["5000", "7000"]
    assert texts(root, ".//contentLocationValue") == ["/scans/a & b.tif", "/out/a & b.tif"]
    details = texts(root, ".//eventDetail")
    assert "recipe faded-print" in details
    assert RECORD["recipe"] in details
    assert texts(root, ".//eventType") == ["creation", "message digest calculation"]
    assert {*texts(root, ".//eventDateTime")} == {RECORD["modified"]}
    assert texts(root, "agent/agentName") == ["restore", "compact"]
    assert texts(root, "agent/agentVersion") == ["0.2.0"]
    assert "33" * 32 in texts(root, "agent/agentIdentifier/agentIdentifierValue")
    assert texts(root, "agent/agentNote") == ["numpy 2.3.0", "neural network"]


def test_every_identifier_that_is_referred_to_is_there() -> None:
    root = made()
    known = {
        kind: {*texts(root, f"{kind}/{kind}Identifier/{kind}IdentifierValue")}
        for kind in ("object", "event", "agent")
    }
    for kind, name in (("object", "Object"), ("event", "Event"), ("agent", "Agent")):
        for link in (f"linking{name}Identifier", f"related{name}Identifier"):
            assert {*texts(root, f".//{link}/{link}Value")} <= known[kind]


def test_a_copy_is_a_replication() -> None:
    root = ET.fromstring(document(ORIGINAL, [ORIGINAL], RECORD, {}, copied=True))
    assert texts(root, ".//eventType")[0] == "replication"
    fits(root)


def test_names_that_xml_cannot_hold() -> None:
    odd = Object("/scans/\udce9\x01.tif", "11" * 32, 1)
    root = ET.fromstring(document(odd, [RESULT], RECORD, {}))
    assert texts(root, ".//originalName")[0] == "%E9?.tif"


def test_the_same_photo_gives_the_same_document() -> None:
    assert ET.tostring(made()) == ET.tostring(made())
