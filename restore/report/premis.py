"""What was done to a photo, as archives keep it: PREMIS 3 objects, events and agents.

PREMIS Data Dictionary 3.0 (2015) and its XML schema, https://www.loc.gov/standards/premis/v3/.
Event types and roles are those of the Library of Congress, https://id.loc.gov/vocabulary/
preservation/. The same result gives the same document, byte for byte.
"""

from __future__ import annotations

import mimetypes
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SPACE = "http://www.loc.gov/premis/v3"
SCHEMA = "https://www.loc.gov/standards/premis/premis.xsd"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
VOCABULARY = "http://id.loc.gov/vocabulary/preservation/"
SUFFIX = ".premis.xml"
"""Suffix appended to a result's name."""
OURS = b"<premis:agentName>restore</premis:agentName>"
"""Part of every document that is written here."""
_COPYING = ("replication", VOCABULARY + "eventType/rep")
_CREATION = ("creation", VOCABULARY + "eventType/cre")
_DIGEST = ("message digest calculation", VOCABULARY + "eventType/mes")
_PROGRAM = ("executing program", VOCABULARY + "eventRelatedAgentRole/exe")
_SOURCE = ("source", VOCABULARY + "eventRelatedObjectRole/sou")
_OUTCOME = ("outcome", VOCABULARY + "eventRelatedObjectRole/out")


@dataclass(frozen=True)
class Object:
    """A file: path or URL, SHA-256, size, and the name of its format if its suffix is odd."""

    path: str
    sha256: str
    size: int
    format: str = ""


@dataclass(frozen=True)
class Agent:
    """A program or network that had a part in it."""

    kind: str
    identifier: str
    name: str
    version: str = ""
    notes: tuple[str, ...] = ()


def document(
    original: Object,
    results: Sequence[Object],
    record: Mapping[str, str],
    versions: Mapping[str, str],
    *,
    copied: bool = False,
) -> bytes:
    """The PREMIS document of a restored photo.

    Parameters
    ----------
    original, results
        The photo and what was made of it.
    record
        What its metadata says of how it was made (`Source.record`).
    versions
        Versions of the libraries used, by name.
    copied
        Nothing was restored: the result is a copy.
    """
    when = record.get("modified", "")
    agents = _agents(record, versions)
    digests = "\n".join(one.sha256 for one in results)
    event = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{SPACE}\n{original.sha256}\n{digests}\n{when}"))
    fixity = str(uuid.uuid5(uuid.UUID(event), "fixity"))
    root = ET.Element(
        "premis:premis",
        {
            "xmlns:premis": SPACE,
            "xmlns:xsi": INSTANCE,
            "xsi:schemaLocation": f"{SPACE} {SCHEMA}",
            "version": "3.0",
        },
    )
    _object(root, original, (event, fixity))
    for one in results:
        _object(root, one, (event, fixity), made_from=original.sha256, by=event)
    made = _event(root, event, _COPYING if copied else _CREATION, when)
    for text in _details(record):
        _sub(_sub(made, "eventDetailInformation"), "eventDetail", text)
    _succeeded(made, "the originals were not changed; the results were read back after writing")
    for agent in agents:
        _link_agent(made, agent)
    _link_object(made, original, _SOURCE)
    for one in results:
        _link_object(made, one, _OUTCOME)
    checked = _event(root, fixity, _DIGEST, when)
    _sub(_sub(checked, "eventDetailInformation"), "eventDetail", "SHA-256 of original and results")
    _succeeded(checked, "")
    _link_agent(checked, agents[0])
    for one in (original, *results):
        _link_object(checked, one, _SOURCE)
    for agent in agents:
        _agent(root, agent)
    ET.indent(root)
    return ET.tostring(root, "utf-8", xml_declaration=True) + b"\n"


def _agents(record: Mapping[str, str], versions: Mapping[str, str]) -> list[Agent]:
    """The program with its libraries, and the network if there was one."""
    version = record.get("version", "")
    notes = tuple(f"{name} {number}" for name, number in sorted(versions.items()))
    agents = [Agent("name", f"restore {version}".strip(), "restore", version, notes)]
    if network := record.get("network"):
        digest = record.get("networkSha256", "")
        kind, identifier = ("SHA-256", digest) if digest else ("name", network)
        agents.append(Agent(kind, identifier, network, notes=("neural network",)))
    return agents


def _details(record: Mapping[str, str]) -> list[str]:
    """What was done: the recipe with its settings, and how the result was written."""
    details = [f"recipe {record.get('name', '')}".strip(), record.get("recipe", "")]
    words = {"profile": "profile", "salvage": "salvaged from a truncated file", "print": "print"}
    details += [f"{text}: {record[name]}" for name, text in words.items() if record.get(name)]
    return [text for text in details if text]


def _object(
    root: ET.Element, one: Object, events: Sequence[str], made_from: str = "", by: str = ""
) -> None:
    element = _sub(root, "object")
    element.set("xsi:type", "premis:file")
    _identifier(element, "objectIdentifier", "SHA-256", one.sha256)
    facts = _sub(element, "objectCharacteristics")
    fixity = _sub(facts, "fixity")
    _sub(fixity, "messageDigestAlgorithm", "SHA-256")
    _sub(fixity, "messageDigest", one.sha256)
    _sub(facts, "size", str(one.size))
    name = one.path.rpartition("/")[2] if "://" in one.path else Path(one.path).name
    kind = mimetypes.guess_type(name)[0] or one.format or "unknown"
    _sub(_sub(_sub(facts, "format"), "formatDesignation"), "formatName", kind)
    _sub(element, "originalName", name)
    place = _sub(_sub(element, "storage"), "contentLocation")
    _sub(place, "contentLocationType", "URI" if "://" in one.path else "path")
    _sub(place, "contentLocationValue", one.path)
    if made_from:
        relation = _sub(element, "relationship")
        _sub(relation, "relationshipType", "derivation")
        _sub(relation, "relationshipSubType", "has source")
        _identifier(relation, "relatedObjectIdentifier", "SHA-256", made_from)
        _identifier(relation, "relatedEventIdentifier", "UUID", by)
    for event in events:
        _identifier(element, "linkingEventIdentifier", "UUID", event)


def _event(root: ET.Element, identifier: str, kind: tuple[str, str], when: str) -> ET.Element:
    element = _sub(root, "event")
    _identifier(element, "eventIdentifier", "UUID", identifier)
    _term(element, "eventType", kind)
    _sub(element, "eventDateTime", when)
    return element


def _succeeded(event: ET.Element, note: str) -> None:
    outcome = _sub(event, "eventOutcomeInformation")
    _term(outcome, "eventOutcome", ("success", VOCABULARY + "eventOutcome/suc"))
    if note:
        _sub(_sub(outcome, "eventOutcomeDetail"), "eventOutcomeDetailNote", note)


def _link_agent(event: ET.Element, agent: Agent) -> None:
    link = _identifier(event, "linkingAgentIdentifier", agent.kind, agent.identifier)
    _term(link, "linkingAgentRole", _PROGRAM)


def _link_object(event: ET.Element, one: Object, role: tuple[str, str]) -> None:
    link = _identifier(event, "linkingObjectIdentifier", "SHA-256", one.sha256)
    _term(link, "linkingObjectRole", role)


def _agent(root: ET.Element, agent: Agent) -> None:
    element = _sub(root, "agent")
    _identifier(element, "agentIdentifier", agent.kind, agent.identifier)
    _sub(element, "agentName", agent.name)
    _term(element, "agentType", ("software", VOCABULARY + "agentType/sof"))
    if agent.version:
        _sub(element, "agentVersion", agent.version)
    for note in agent.notes:
        _sub(element, "agentNote", note)


def _identifier(parent: ET.Element, name: str, kind: str, value: str) -> ET.Element:
    element = _sub(parent, name)
    _sub(element, f"{name}Type", kind)
    _sub(element, f"{name}Value", value)
    return element


def _term(parent: ET.Element, name: str, term: tuple[str, str]) -> None:
    """A word from a vocabulary."""
    _sub(parent, name, term[0]).set("valueURI", term[1])


def _sub(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    element = ET.SubElement(parent, f"premis:{name}")
    if text is not None:
        element.text = _allowed(text)
    return element


def _allowed(text: str) -> str:
    """Text without the characters that XML cannot hold; bytes that are not UTF-8 as %XX."""
    whole = "".join(f"%{ord(c) - 0xDC00:02X}" if "\udc80" <= c <= "\udcff" else c for c in text)
    return "".join(c if c >= " " or c in "\t\n\r" else "?" for c in whole)
