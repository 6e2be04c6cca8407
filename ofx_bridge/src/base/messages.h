// The vocabulary of PROTOCOL.md, sections 8 and 9, as one type.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/replies.h"
#include "base/requests.h"

namespace faceplate {

using Message = std::variant<Hello, Describe, Submit, Cancel, Fetch, Look, Deposit, Discard, Attach,
                             Echo, Status, Credit, Stop, Welcome, Description, Accepted, Analysed,
                             Progress, Finished, Failed, Cancelled, Fetched, Looked, Deposited,
                             Discarded, Attached, Echoed, Reported, Stopped>;
inline constexpr std::size_t kRequests = 13;  // so many of them are requests, and stand first
static_assert(std::is_same_v<std::variant_alternative_t<kRequests, Message>, Welcome>);

// Whether there is a message of that name.
bool is_kind(std::string_view text);

std::string_view kind_of(const Message& message);

// The body of a message.
Json to_json(const Message& message);

// The message that must be of a kind. Throws protocol where it is of another.
template <class T>
const T& expect(const Message& message) {
  if (const T* found = std::get_if<T>(&message)) return *found;
  throw Error(kProtocolError,
              std::string(kind_of(message)) + " came where " + std::string(T::kKind) + " was due");
}

// Reads a body. Throws protocol.unknown_kind, protocol.unknown_field, protocol.malformed,
// request.frame_range, request.plate.
Message from_json(std::string_view kind, const Json& body);

}  // namespace faceplate
