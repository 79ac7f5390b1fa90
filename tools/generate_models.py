#!/usr/bin/env python3
"""Turns AWS's service models into C tables.

    python3 tools/generate_models.py [NAME...]            writes services/FOLDER/NAME_model.h and NAME_model.c
    python3 tools/generate_models.py --check [NAME...]    compares what is there with what would be written

Without names: every service with an overlay. Input is tools/models/NAME.json (AWS's model, documentation left out; see
tools/models/NOTICE) and tools/overlays/NAME.json (ours: what the model lacks, and what lowcloud supports).
--models DIR and --output DIR take the models from and write the results to other places (for trying a new service).

The overlay, all of it optional but "folder":

{
  "folder": "sqs",                 services/FOLDER gets the result
  "service": "sqs",                signing scope and name in ARNs (default: the model's signing name)
  "validation": "sqs",             coral | sqs | s3 | apigateway | none: how wrong input is worded
  "validation_error": "InvalidParameterException",    code of the error that says so (default: ValidationException)
  "error_namespace": "com.amazonaws.sqs",
  "also_query": true,              speaks Query beside its own protocol
  "query_compatible": true,        sends x-amzn-query-error
  "xml_namespace": "http://...",

  "operations": {
    "CreateQueue": {
      "support": "done",           done | recorded; an operation that is not listed here, or says nothing, is refused
      "done": ["QueueName"],       members of its input that are done; ["*"]: all that "recorded" and "refused" do not name
      "recorded": ["tags"],        round-trip, but their effect is not emulated
      "refused": [],               only useful beside "*"
      "root": "ListBucketResult",  REST-XML: name of the answer's root element (default: the operation's name + Result)
      "status": 201,               instead of the model's
      "unrouted": true             REST: never chosen by method and path (it lives on a host of its own)
    }
  },
  "shapes": {                      members of structures below the input: the same three lists, else they are refused
    "FunctionCode": {"done": ["ZipFile"], "recorded": []}
  },
  "members": {                     changes to single members
    "CreateQueueRequest.Attributes": {"query_name": "Attribute", "wire_name": "attributes", "required": true}
  },
  "maps": {"QueueAttributeMap": {"key": "Name", "value": "Value"}},    names of keys and values in XML and Query
  "order": {"ListBucketsOutput": ["Owner", "Buckets"]},                members that go first, in this order; the rest stays alphabetical
  "patterns": {"Arn": null}        a regular expression that replaces the model's; null: not checked (say why in "notes")
  "constraints": {"Name": {"min": 1, "max": 80}},                      instead of the model's
  "enumerations": {"Runtime": null}                                    null: any text; a list replaces the model's values
  "types": {"Expires": "string"}                                       instead of the model's (scalars only)
  "extra": {"operations": {"PostObject": {...}}, "shapes": {...}}      what the model does not have at all, written as a model writes it
  "notes": "free text for people"
}

Support matters for input only. A member of an input structure is listed with its operation, everything deeper under "shapes"; two operations
that share their input structure must say the same.
"""
import argparse
import json
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

PROTOCOLS = {("json", "1.0"): "PROTOCOL_JSON_1_0", ("json", "1.1"): "PROTOCOL_JSON_1_1", "query": "PROTOCOL_QUERY",
             "rest-json": "PROTOCOL_REST_JSON", "rest-xml": "PROTOCOL_REST_XML"}
TYPES = {"structure": "STRUCTURE", "list": "LIST", "map": "MAP", "string": "STRING", "character": "STRING", "integer": "INTEGER",
         "long": "LONG", "float": "FLOAT", "double": "DOUBLE", "boolean": "BOOLEAN", "blob": "BLOB", "timestamp": "TIMESTAMP"}
LOCATIONS = {None: "BODY", "uri": "URI", "querystring": "QUERY", "header": "HEADER", "headers": "HEADERS", "statusCode": "STATUS"}
TIMESTAMPS = {"unixTimestamp": "UNIX", "iso8601": "ISO8601", "rfc822": "RFC1123"}
VALIDATION = {"coral": "VALIDATION_CORAL", "sqs": "VALIDATION_SQS", "s3": "VALIDATION_S3", "apigateway": "VALIDATION_APIGATEWAY",
              "none": "VALIDATION_NONE"}
SUPPORT = {"refused": "SUPPORT_REFUSED", "recorded": "SUPPORT_RECORDED", "done": "SUPPORT_DONE"}
OVERLAY_KEYS = {"folder", "service", "validation", "error_namespace", "also_query", "query_compatible", "xml_namespace", "operations", "shapes",
                "members", "maps", "order", "patterns", "constraints", "enumerations", "types", "extra", "validation_error", "notes"}
OPERATION_KEYS = {"support", "done", "recorded", "refused", "root", "status", "unrouted", "notes"}
SHAPE_KEYS = {"done", "recorded", "refused", "notes"}
MEMBER_KEYS = {"query_name", "wire_name", "required", "notes"}


class Mistake(Exception):
    pass


class Strings:
    """A pool of NUL-terminated strings; offset 0 is "" and stands for none."""

    def __init__(self):
        self.at = {"": 0}
        self.texts = [""]
        self.size = 1

    def add(self, text):
        if text is None:
            return 0
        if text not in self.at:
            self.at[text] = self.size
            self.texts.append(text)
            self.size += len(text.encode()) + 1
        return self.at[text]


def c_text(text):
    out = []
    for byte in text.encode():
        char = chr(byte)
        if char in '"\\':
            out.append("\\" + char)
        elif 32 <= byte < 127 and char != "?":
            out.append(char)
        else:
            out.append("\\%03o" % byte)
    return "".join(out)


def regex_of(pattern):
    """What AWS's patterns (Java's) need to mean the same to PCRE2 in UTF mode."""
    pattern = re.sub(r"\\u[dD]8[0-9A-Fa-f]{2}\\u[dD][cC][0-9A-Fa-f]{2}-\\u[dD][bB][0-9A-Fa-f]{2}\\u[dD][fF][0-9A-Fa-f]{2}",
                     r"\\x{10000}-\\x{10FFFF}", pattern)
    pattern = pattern.replace(r"\u10000-\u10FFFF", r"\x{10000}-\x{10FFFF}")
    pattern = re.sub(r"(\\[wWdDsS])-(?!\])", r"\1\\-", pattern)
    return re.sub(r"\\u([0-9A-Fa-f]{4})", r"\\x{\1}", pattern)


class Model:
    def __init__(self, name, data, overlay):
        self.name, self.data, self.overlay = name, data, overlay
        self.known(overlay, OVERLAY_KEYS, "the overlay")
        if "folder" not in overlay:
            raise Mistake(f"{name}: the overlay does not say its folder")
        self.metadata = data["metadata"]
        for section, entries in overlay.get("extra", {}).items():
            for key, entry in entries.items():
                if key in data[section]:
                    raise Mistake(f"{name}: extra: the model has {key} already")
                data[section][key] = entry
        self.protocol = self.metadata["protocol"]
        self.is_xml = self.protocol in ("query", "rest-xml")
        self.is_rest = self.protocol.startswith("rest-")
        self.strings = Strings()
        self.operations = sorted(data["operations"])
        self.inputs = {}
        self.apply_overlay()
        self.shapes = self.reachable()
        self.numbers = {shape: number for number, shape in enumerate(self.shapes)}
        self.support = self.supports()

    def known(self, given, allowed, where):
        for key in given:
            if key not in allowed:
                raise Mistake(f"{self.name}: {where} has the unknown key '{key}'")

    def shape(self, name, where):
        if name not in self.data["shapes"]:
            raise Mistake(f"{self.name}: {where} names the unknown shape '{name}'")
        return self.data["shapes"][name]

    def apply_overlay(self):
        overlay = self.overlay
        for section in ("members", "maps", "order", "patterns", "constraints", "enumerations", "operations", "shapes"):
            overlay.setdefault(section, {})
        for path, change in overlay["members"].items():
            self.known(change, MEMBER_KEYS, path)
            shape_name, _, member = path.partition(".")
            shape = self.shape(shape_name, "members")
            if member not in shape.get("members", {}):
                raise Mistake(f"{self.name}: no member {path}")
            if "required" in change:
                required = set(shape.get("required", [])) - {member}
                shape["required"] = sorted(required | ({member} if change["required"] else set()))
        for name, names in overlay["order"].items():
            members = self.shape(name, "order")["members"]
            for member in names:
                if member not in members:
                    raise Mistake(f"{self.name}: order of {name}: no member {member}")
            self.shape(name, "order")["members"] = {m: members[m] for m in names + [m for m in members if m not in names]}
        for name in overlay["maps"]:
            self.shape(name, "maps")
        for name, pattern in overlay["patterns"].items():
            self.shape(name, "patterns")["regex"] = pattern
        for name, constraint in overlay["constraints"].items():
            self.shape(name, "constraints").update(constraint)
        for name, values in overlay["enumerations"].items():
            shape = self.shape(name, "enumerations")
            shape.pop("enum", None)
            if values is not None:
                shape["enum"] = values
        for name, kind in overlay.get("types", {}).items():
            inner = ("structure", "list", "map")
            if kind not in TYPES or kind in inner or self.shape(name, "types")["type"] in inner:
                raise Mistake(f"{self.name}: types: {name} cannot become {kind}")
            self.shape(name, "types")["type"] = kind
        for name in overlay["operations"]:
            if name not in self.data["operations"]:
                raise Mistake(f"{self.name}: no operation {name}")
            self.known(overlay["operations"][name], OPERATION_KEYS, name)
        for name in overlay["shapes"]:
            self.shape(name, "shapes")
            self.known(overlay["shapes"][name], SHAPE_KEYS, name)

    def reachable(self):
        """Structures first (their names are in the header), both parts in alphabetical order."""
        shapes, seen, queue = self.data["shapes"], set(), []
        for operation in self.operations:
            entry = self.data["operations"][operation]
            for part in ("input", "output"):
                if part in entry:
                    queue.append(entry[part]["shape"])
            queue += [error["shape"] for error in entry.get("errors", [])]
        queue += [name for name, shape in shapes.items() if shape.get("exception")]
        while queue:
            name = queue.pop()
            if name in seen:
                continue
            seen.add(name)
            shape = shapes[name]
            queue += [member["shape"] for member in shape.get("members", {}).values()]
            queue += [shape[part]["shape"] for part in ("member", "key", "value") if part in shape]
        return sorted(seen, key=lambda name: (shapes[name]["type"] != "structure", name))

    def states(self, name, entry, where):
        members = list(self.data["shapes"][name].get("members", {}))
        states = dict.fromkeys(members, "refused")
        named = {}
        for state in ("done", "recorded", "refused"):
            for member in entry.get(state, []):
                if member == "*":
                    continue
                if member not in states:
                    raise Mistake(f"{self.name}: {where}: {name} has no member {member}")
                if named.setdefault(member, state) != state:
                    raise Mistake(f"{self.name}: {where}: {member} is {named[member]} and {state}")
        for state in ("refused", "recorded", "done"):
            if "*" in entry.get(state, []):
                states = dict.fromkeys(members, state)
        states.update(named)
        return states

    def supports(self):
        support = {}
        for name in self.shapes:
            if self.data["shapes"][name]["type"] == "structure" and name in self.overlay["shapes"]:
                support[name] = self.states(name, self.overlay["shapes"][name], "shapes")
        said_by = {}
        for operation in self.operations:
            entry = self.overlay["operations"].get(operation, {})
            state = entry.get("support", "refused")
            if state not in SUPPORT:
                raise Mistake(f"{self.name}: {operation}: support is done or recorded, not {state}")
            if state == "refused" or "input" not in self.data["operations"][operation]:
                continue
            name = self.data["operations"][operation]["input"]["shape"]
            states = self.states(name, entry, operation)
            if name in said_by and support[name] != states:
                raise Mistake(f"{self.name}: {operation} and {said_by[name]} share {name} and say different things about it")
            said_by[name] = operation
            support[name] = states
        return support

    # Wire details.

    def timestamp(self, member, shape, location):
        form = self.plain_timestamp(member, shape, location)
        return "ISO8601_MS" if form == "ISO8601" and self.protocol == "rest-xml" else form

    def plain_timestamp(self, member, shape, location):
        form = (member or {}).get("timestampFormat") or shape.get("timestampFormat")
        if form:
            return TIMESTAMPS[form]
        if location in ("header", "headers"):
            return "RFC1123"
        if location in ("querystring", "uri") or self.is_xml:
            return "ISO8601"
        return "UNIX"

    def member_row(self, shape_name, name, member):
        shapes, strings = self.data["shapes"], self.strings
        owner, target = shapes[shape_name], shapes[member["shape"]]
        change = self.overlay["members"].get(f"{shape_name}.{name}", {})
        flattened = member.get("flattened", target.get("flattened", False)) and target["type"] in ("list", "map")
        wire = member.get("locationName")
        if wire is None and flattened and self.is_xml and target["type"] == "list":
            wire = target["member"].get("locationName")
        if wire is None:
            wire = name
        query = change.get("query_name", wire)
        wire = change.get("wire_name", wire)
        location = member.get("location")
        flags = []
        if name in owner.get("required", []):
            flags.append("MEMBER_REQUIRED")
        if flattened:
            flags.append("MEMBER_FLATTENED")
        if member.get("xmlAttribute"):
            flags.append("MEMBER_XML_ATTRIBUTE")
        if member.get("streaming") or target.get("streaming"):
            flags.append("MEMBER_STREAMING")
        if member.get("idempotencyToken"):
            flags.append("MEMBER_IDEMPOTENCY")
        if member.get("deprecated"):
            flags.append("MEMBER_DEPRECATED")
        if owner.get("payload") == name:
            flags.append("MEMBER_PAYLOAD")
        if member.get("hostLabel"):
            flags.append("MEMBER_HOST_LABEL")
        support = SUPPORT[self.support.get(shape_name, {}).get(name, "refused")]
        stamp = "TIMESTAMP_" + self.timestamp(member, target, location) if target["type"] == "timestamp" else "TIMESTAMP_DEFAULT"
        return (f"{{{strings.add(name)}, {strings.add(wire)}, {strings.add(query)}, {self.numbers[member['shape']]}, "
                f"LOCATION_{LOCATIONS[location]}, {' | '.join(flags) or 0}, {support}, {stamp}}}, /* {shape_name}.{name} */")

    def namespace(self, shape):
        space = shape.get("xmlNamespace")
        if not space:
            return None
        if isinstance(space, str):
            return f'xmlns="{space}"'
        prefix = ":" + space["prefix"] if "prefix" in space else ""
        return f'xmlns{prefix}="{space["uri"]}"'

    def shape_row(self, name, first_member, first_value):
        shape, strings = self.data["shapes"][name], self.strings
        members = list(shape.get("members", {}))
        flags = []
        if shape.get("flattened"):
            flags.append("SHAPE_FLATTENED")
        if shape.get("sensitive"):
            flags.append("SHAPE_SENSITIVE")
        if shape.get("eventstream"):
            flags.append("SHAPE_EVENT_STREAM")
        if shape.get("union"):
            flags.append("SHAPE_UNION")
        if "min" in shape:
            flags.append("SHAPE_HAS_MIN")
        if "max" in shape:
            flags.append("SHAPE_HAS_MAX")
        payload = 0
        if "payload" in shape:
            flags.append("SHAPE_PAYLOAD")
            payload = members.index(shape["payload"])
        if shape.get("exception"):
            flags.append("SHAPE_ERROR")
        kind = TYPES[shape["type"]]
        if shape.get("document"):
            kind = "DOCUMENT"
        names = self.overlay["maps"].get(name, {})
        element = key = "NO_SHAPE"
        element_name = key_name = 0
        if shape["type"] == "list":
            element = self.numbers[shape["member"]["shape"]]
            element_name = strings.add(shape["member"].get("locationName", "member"))
        elif shape["type"] == "map":
            element, key = self.numbers[shape["value"]["shape"]], self.numbers[shape["key"]["shape"]]
            element_name = strings.add(names.get("value", shape["value"].get("locationName", "value")))
            key_name = strings.add(names.get("key", shape["key"].get("locationName", "key")))
        pattern = shape.get("pattern")
        regex = shape["regex"] if "regex" in shape else pattern and regex_of(pattern)
        number = lambda value: f"INT64_C({int(value)})" if value >= -(2 ** 63) + 1 else "INT64_MIN"
        return (f"{{{strings.add(name)}, SHAPE_TYPE_{kind}, {' | '.join(flags) or 0}, "
                f"{'TIMESTAMP_' + self.timestamp(None, shape, None) if shape['type'] == 'timestamp' else 'TIMESTAMP_DEFAULT'}, "
                f"{payload}, {element}, {key}, {element_name}, {key_name}, {first_member}, {len(members)}, {first_value}, "
                f"{len(shape.get('enum', []))}, {strings.add(pattern or regex)}, {strings.add(regex)}, {strings.add(self.namespace(shape))}, "
                f"{number(shape.get('min', 0))}, {number(shape.get('max', 0))}}}, /* {name} */")

    def selectors(self, operation):
        """What of a request, beside method and path, must be there for this operation to be meant."""
        entry, rows = self.data["operations"][operation], []
        _, _, query = entry["http"].get("requestUri", "/").partition("?")
        for part in query.split("&") if query else []:
            name, _, value = part.partition("=")
            rows.append((name, value or None, "SELECT_LITERAL"))
        if self.protocol == "rest-xml" and "input" in entry:
            shape = self.data["shapes"][entry["input"]["shape"]]
            for name in shape.get("required", []):
                member = shape["members"][name]
                if member.get("location") == "querystring":
                    rows.append((member["locationName"], None, "SELECT_QUERY"))
                elif member.get("location") == "header":
                    rows.append((member["locationName"], None, "SELECT_HEADER"))
        return rows

    def operation_row(self, operation, selectors):
        entry, strings = self.data["operations"][operation], self.strings
        overlay = self.overlay["operations"].get(operation, {})
        rows = self.selectors(operation)
        first = len(selectors)
        selectors += [f"{{{strings.add(name)}, {strings.add(value)}, {kind}}}, /* {operation} */" for name, value, kind in rows]
        flags = []
        if entry.get("deprecated"):
            flags.append("OPERATION_DEPRECATED")
        if entry.get("httpChecksum", {}).get("requestChecksumRequired") or entry.get("httpChecksumRequired"):
            flags.append("OPERATION_CHECKSUM_REQUIRED")
        if overlay.get("unrouted"):
            flags.append("OPERATION_UNROUTED")
        shape_of = lambda part: self.numbers[entry[part]["shape"]] if part in entry else "NO_SHAPE"
        if "input" in entry and self.is_rest:
            members = self.data["shapes"][entry["input"]["shape"]].get("members", {}).values()
            if any("location" not in member for member in members):
                flags.append("OPERATION_HTTP_BODY")
        root = overlay.get("root")
        if root is None and "output" in entry:
            output = self.data["shapes"][entry["output"]["shape"]]
            if "payload" in output:
                payload = output["members"][output["payload"]]
                root = payload.get("locationName", self.data["shapes"][payload["shape"]].get("locationName", payload["shape"]))
            else:
                root = operation + "Result"
        uri = entry["http"].get("requestUri", "/")
        path = uri.partition("?")[0].strip("/")
        depth = len(path.split("/")) if path else 0
        return (f"{{{strings.add(operation)}, {strings.add(entry['http']['method'])}, {strings.add(uri)}, "
                f"{strings.add(entry.get('input', {}).get('locationName'))}, {strings.add(root)}, "
                f"{strings.add(entry.get('output', {}).get('resultWrapper', self.wrapper(operation)))}, {shape_of('input')}, {shape_of('output')}, "
                f"{overlay.get('status', entry['http'].get('responseCode', 200))}, {first}, {len(rows)}, {depth}, "
                f"{SUPPORT[overlay.get('support', 'refused')]}, {' | '.join(flags) or 0}}}, /* {operation} */")

    def wrapper(self, operation):
        """The Query protocol's result element where the model is not a Query model."""
        entry = self.data["operations"][operation]
        if self.overlay.get("also_query") and "output" in entry and self.data["shapes"][entry["output"]["shape"]].get("members"):
            return operation + "Result"
        return None

    # The two files.

    def title(self):
        return f"/* Generated by tools/generate_models.py from tools/models/{self.name}.json; do not edit. */\n"

    def header(self):
        out = [self.title(), '#pragma once\n#include "emulator/aws/model.h"\n\n', f"extern const struct model {self.name}_model;\n\n"]
        out.append("enum {\n" + "".join(f"    OP_{name},\n" for name in self.operations) + "    OP_COUNT\n};\n\n")
        structures = [name for name in self.shapes if self.data["shapes"][name]["type"] == "structure"]
        out.append("enum {\n" + "".join(f"    SHAPE_{name},\n" for name in structures) + "};\n")
        for name in structures:
            members = list(self.data["shapes"][name].get("members", {}))
            if members:
                out.append("\nenum {\n" + "".join(f"    {name}_{member},\n" for member in members) + "};\n")
        text = "".join(out)
        names = re.findall(r"^    (\w+),?$", text, re.M)
        twice = sorted({name for name in names if names.count(name) > 1}) if len(names) != len(set(names)) else []
        if twice:
            raise Mistake(f"{self.name}: names used twice: {', '.join(twice)}")
        return text

    def source(self, include):
        metadata, overlay = self.metadata, self.overlay
        members, shapes, values, selectors = [], [], [], []
        for name in self.shapes:
            shape = self.data["shapes"][name]
            first_member, first_value = len(members), len(values)
            members += [self.member_row(name, member, entry) for member, entry in shape.get("members", {}).items()]
            values += [self.strings.add(value) for value in shape.get("enum", [])]
            shapes.append(self.shape_row(name, first_member, first_value))
        operations = [self.operation_row(operation, selectors) for operation in self.operations]
        protocol = PROTOCOLS.get(self.protocol) or PROTOCOLS[(self.protocol, metadata["jsonVersion"])]
        style = overlay.get("validation", "s3" if self.protocol == "rest-xml" else "coral")
        if style not in VALIDATION:
            raise Mistake(f"{self.name}: validation is one of {', '.join(VALIDATION)}")
        text = lambda value: f'"{c_text(value)}"' if value else "NULL"
        table = lambda kind, name, rows: f"static const {kind} {name}[] = {{\n" + "".join(f"    {row}\n" for row in rows or ["{0}"]) + "};\n\n"
        out = [self.title(), f'#include "{include}"\n\n']
        out.append("#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n")
        out.append("static const char strings[] =\n" + "".join(f'    "{c_text(item)}\\0"\n' for item in self.strings.texts) + "    ;\n\n")
        out.append(table("struct operation", "operations", operations))
        out.append(table("struct shape", "shapes", shapes))
        out.append(table("struct member", "members", members))
        out.append(table("struct selector", "selectors", selectors))
        lines = [", ".join(str(value) for value in values[at:at + 20]) + "," for at in range(0, len(values), 20)]
        out.append(table("uint32_t", "enumerations", lines or ["0"]))
        out.append(f"const struct model {self.name}_model = {{\n")
        for key, value in (
                ("service", text(overlay.get("service") or metadata.get("signingName") or metadata["endpointPrefix"])),
                ("title", text(metadata["serviceFullName"])), ("target_prefix", text(metadata.get("targetPrefix"))),
                ("api_version", text(metadata["apiVersion"])),
                ("xml_namespace", text(overlay.get("xml_namespace") or metadata.get("xmlNamespace"))),
                ("error_namespace", text(overlay.get("error_namespace"))),
                ("validation_error", text(overlay.get("validation_error"))), ("protocol", protocol),
                ("also_query", int(bool(overlay.get("also_query")))), ("query_compatible", int(bool(overlay.get("query_compatible")))),
                ("validation", VALIDATION[style]), ("operation_count", len(operations)), ("shape_count", len(shapes)), ("strings", "strings"),
                ("operations", "operations"), ("shapes", "shapes"), ("members", "members"), ("selectors", "selectors"),
                ("selector_count", len(selectors)), ("enumerations", "enumerations")):
            out.append(f"    .{key} = {value},\n")
        out.append("};\n")
        return "".join(out)


def load(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        raise Mistake(f"{os.path.relpath(path, ROOT)} does not exist")
    except json.JSONDecodeError as problem:
        raise Mistake(f"{os.path.relpath(path, ROOT)}: {problem}")


def main():
    parser = argparse.ArgumentParser(description="Turns AWS's service models into C tables.")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file differs from what would be written")
    parser.add_argument("--models", default=os.path.join(ROOT, "tools", "models"))
    parser.add_argument("--overlays", default=os.path.join(ROOT, "tools", "overlays"))
    parser.add_argument("--output", default=os.path.join(ROOT, "services"))
    options = parser.parse_args()
    names = options.names or sorted(name[:-5] for name in os.listdir(options.overlays) if name.endswith(".json"))
    stale = 0
    for name in names:
        overlay = load(os.path.join(options.overlays, name + ".json"))
        model = Model(name, load(os.path.join(options.models, name + ".json")), overlay)
        folder = overlay["folder"]
        for suffix, text in (("h", model.header()), ("c", model.source(f"services/{folder}/{name}_model.h"))):
            path = os.path.join(options.output, folder, f"{name}_model.{suffix}")
            old = open(path, encoding="utf-8").read() if os.path.exists(path) else None
            if old == text:
                continue
            if options.check:
                print(f"{os.path.relpath(path, ROOT)} is not what its model and overlay give: run tools/generate_models.py {name}")
                stale += 1
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    return 1 if stale else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Mistake as mistake:
        sys.exit(f"generate_models: {mistake}")
