#include "base/protocol.h"

#include <random>

#include "base/sha256.h"

namespace faceplate {
namespace {

std::string sign(std::string_view key, std::string_view kind, std::string_view header) {
  Hmac mac(key);
  for (const std::string_view piece : {kVersion, kind, header}) {
    std::string size;
    for (int shift = 56; shift >= 0; shift -= 8) {
      size.push_back(static_cast<char>(static_cast<std::uint64_t>(piece.size()) >> shift & 0xff));
    }
    mac.update(size).update(piece);
  }
  return mac.digest();
}

void check_parts(const std::vector<std::string_view>& parts) {
  if (parts.empty() || parts[0] != kVersion) {
    const std::string theirs = parts.empty() ? "" : hex(parts[0].substr(0, 2 * kVersion.size()));
    throw Error(kVersionMismatch,
                "the peer speaks 0x" + theirs + ", this side " + std::string(kVersion));
  }
  if (parts.size() < 4 || parts[3].size() != kSignatureBytes) {
    throw Error(kMessageTruncated, "a message has version, kind, header and a signature");
  }
  if (parts.size() > 4 + kMostBuffers) throw Error(kMessageOversized, "more than 16 buffers");
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::size_t most = i == 1 ? kMostKindBytes : i == 2 ? kMostHeaderBytes : kMostPartBytes;
    if (parts[i].size() > most) {
      const std::string limit = std::to_string(most);
      throw Error(kMessageOversized, "part " + std::to_string(i) + " is above " + limit + " bytes");
    }
  }
}

// The header's own fields; `body` is any JSON, which the kind explains.
struct Header {
  Json body;
  std::vector<std::int64_t> buffers;
  std::int64_t counter = 0;
  std::string request;
  std::string session;
};

bool is_session(std::string_view text) { return text.empty() || is_hex<32>(text); }

Header read_header(std::string_view text) {
  static const std::string kWhere = "header";
  const Json data = read_json(text, kWhere);
  const auto* fields = data.as<Json::Object>();
  const Json* body = data.field("body");
  if (fields == nullptr || fields->size() != 5 || body == nullptr) {
    throw Error(kMessageMalformed, "the header holds body, buffers, counter, request and session");
  }
  if (canonical(data) != text) {
    throw Error(kMessageMalformed, "the header is not in canonical form");
  }
  Header header;
  header.body = *body;
  FieldReader read(data, kWhere);
  const Whole size{0, static_cast<std::int64_t>(kMostPartBytes)};
  read("buffers", header.buffers, Several<Whole>{size, kMostBuffers});
  read("counter", header.counter, Whole{1});
  read("request", header.request, Text{64, is_hex<32>});
  read("session", header.session, Text{64, is_session});
  return header;
}

}  // namespace

std::string new_id() {
  std::random_device random;  // the system's own; no seed of ours
  std::string bytes;
  for (int i = 0; i < 16; ++i) bytes.push_back(static_cast<char>(random() & 0xff));
  return hex(bytes);
}

std::array<std::string, 4> encode(const Envelope& envelope, std::string_view key) {
  Json::List sizes;
  for (const std::string_view buffer : envelope.buffers) {
    sizes.push_back(Json{static_cast<std::int64_t>(buffer.size())});
  }
  Json::Object fields;
  fields.emplace_back("body", to_json(envelope.message));
  fields.emplace_back("buffers", Json{std::move(sizes)});
  fields.emplace_back("counter", Json{envelope.counter});
  fields.emplace_back("request", Json{envelope.request});
  fields.emplace_back("session", Json{envelope.session});
  std::string kind(kind_of(envelope.message));
  std::string header = canonical(Json{std::move(fields)});
  std::string signature = sign(key, kind, header);
  return {std::string(kVersion), std::move(kind), std::move(header), std::move(signature)};
}

Envelope decode(const std::vector<std::string_view>& parts, std::string_view key) {
  check_parts(parts);
  const std::string_view kind = parts[1];
  if (!equal_in_constant_time(parts[3], sign(key, kind, parts[2]))) {
    throw Error(kSignatureMismatch,
                "the message was signed with another key, or changed on its way");
  }
  if (!is_kind(kind)) {
    throw Error(kUnknownKind, "no message is called 0x" + hex(kind.substr(0, 20)));
  }
  Header header = read_header(parts[2]);
  Envelope envelope;
  envelope.buffers.assign(parts.begin() + 4, parts.end());
  bool same = header.buffers.size() == envelope.buffers.size();
  for (std::size_t i = 0; same && i < header.buffers.size(); ++i) {
    same = static_cast<std::size_t>(header.buffers[i]) == envelope.buffers[i].size();
  }
  if (!same) {
    throw Error(kMessageMalformed, "header.buffers does not give the lengths of the buffers");
  }
  envelope.message = from_json(kind, header.body);
  envelope.request = std::move(header.request);
  envelope.session = std::move(header.session);
  envelope.counter = header.counter;
  return envelope;
}

void Counter::check(std::int64_t counter) {
  if (counter <= received_) {
    throw Error(kMessageReplayed, "counter " + std::to_string(counter) + " is not above " +
                                      std::to_string(received_) + ", the last");
  }
  received_ = counter;
}

Error raised(const Failed& reply) {
  return Error(reply.code, reply.message, reply.frame, reply.path);
}

}  // namespace faceplate
