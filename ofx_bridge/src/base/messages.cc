#include "base/messages.h"

namespace faceplate {
namespace {

template <std::size_t index = 0>
bool known(std::string_view kind) {
  if constexpr (index < std::variant_size_v<Message>) {
    return std::variant_alternative_t<index, Message>::kKind == kind || known<index + 1>(kind);
  }
  return false;
}

template <std::size_t index = 0>
Message read(std::string_view kind, const Json& body) {
  if constexpr (index < std::variant_size_v<Message>) {
    using Kind = std::variant_alternative_t<index, Message>;
    if (Kind::kKind != kind) return read<index + 1>(kind, body);
    return Record<Kind>{index < kRequests}.from_json(body, std::string(kind));
  }
  throw Error(kUnknownKind, "no message is called so");
}

}  // namespace

Plate PlateRecord::from_json(const Json& data, const std::string& where) const {
  Plate plate = Record::from_json(data, where);
  if (!is_absolute(plate.path)) {
    throw Error(kPlateError, where + ".path must be absolute: the engine has another folder");
  }
  if (!is_plate(plate.path)) {
    throw Error(kPlateError, where + ".path must name one file a frame, like /shots/a.%04d.exr");
  }
  return plate;
}

bool is_kind(std::string_view text) { return known(text); }

std::string_view kind_of(const Message& message) {
  return std::visit([](const auto& one) { return std::decay_t<decltype(one)>::kKind; }, message);
}

Json to_json(const Message& message) {
  return std::visit(
      [](const auto& one) { return Record<std::decay_t<decltype(one)>>{}.to_json(one); }, message);
}

Message from_json(std::string_view kind, const Json& body) { return read(kind, body); }

}  // namespace faceplate
