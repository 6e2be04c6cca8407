// Drives an EngineClient line by line, for tests of whole processes.
//
//     faceplate_probe CONNECTION_FILE
//
// A line of standard input is a number of milliseconds, a word and canonical JSON, with spaces
// between them. The answer is one line: "ok", or a code, then canonical JSON; pixels and files go
// to the path that the request names.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "base/client.h"

using namespace faceplate;

namespace {

const std::string& text_in(const Json& data, const char* name) {
  const Json* found = data.field(name);
  if (found == nullptr || found->as<std::string>() == nullptr) {
    throw Error(kMessageMalformed, std::string(name) + " is missing");
  }
  return *found->as<std::string>();
}

void write(const std::string& path, const void* bytes, std::size_t size) {
  std::ofstream(path, std::ios::binary)
      .write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
}

Json event_json(const std::optional<Event>& event) {
  if (!event) return Json{};
  return std::visit(
      [](const auto& one) {
        Json::Object shown;
        shown.emplace_back(std::string(one.kKind), to_json(Message(one)));
        return Json{shown};
      },
      *event);
}

Json looked(EngineClient& client, const Json& body, const Patience& patience, bool shared) {
  const Look look = std::get<Look>(from_json("Look", *body.field("look")));
  const std::string& path = text_in(body, "to");
  if (!look.into) {
    const LookedFile found = client.look(look.take, look.frame, patience);
    write(path, found.file.data(), found.file.size());
    return to_json(found.looked);
  }
  const LookedPixels found =
      client.look_pixels(look.take, look.frame, *look.into, patience, shared);
  write(path, found.pixels.memory, static_cast<std::size_t>(found.pixels.layout.size));
  return to_json(found.looked);
}

Json fetched(EngineClient& client, const Json& body, const Patience& patience) {
  const Fetch fetch = std::get<Fetch>(from_json("Fetch", *body.field("fetch")));
  const std::string& path = text_in(body, "to");
  if (!fetch.into) {
    const std::string file = client.fetch(fetch.job, fetch.frame, patience);
    write(path, file.data(), file.size());
    return Json{};
  }
  const Pixels pixels = client.fetch_pixels(fetch.job, fetch.frame, *fetch.into, patience);
  write(path, pixels.memory, static_cast<std::size_t>(pixels.layout.size));
  return Record<PixelsText>{}.to_json(pixels.layout);
}

Json answer(EngineClient& client, const std::string& word, const Json& body,
            const Patience& patience) {
  if (word == "hello") return to_json(client.hello(patience));
  if (word == "describe") return to_json(client.describe(patience));
  if (word == "status") return to_json(client.status(patience));
  if (word == "submit") {
    return to_json(client.submit(std::get<Submit>(from_json("Submit", body)), patience));
  }
  if (word == "event") return event_json(client.next_event(text_in(body, "job"), patience));
  if (word == "cancel") return to_json(client.cancel(text_in(body, "job"), patience));
  if (word == "fetch") return fetched(client, body, patience);
  if (word == "look") return looked(client, body, patience, true);
  if (word == "look-unshared") return looked(client, body, patience, false);
  if (word == "deposit") {
    const std::string& data = text_in(body, "data");
    return Json{client.deposit(text_in(body, "shelf"), text_in(body, "name"), data, patience)};
  }
  if (word == "discard") {
    client.discard(text_in(body, "shelf"), patience);
    return Json{};
  }
  throw Error(kUnknownKind, "no such word: " + word);
}

// Aborts once it was asked so many times, and counts.
struct Impatience {
  std::int64_t most = 0;
  std::int64_t asked = 0;
};

void reply(EngineClient& client, const std::string& line) {
  std::istringstream words(line);
  double milliseconds = 0;
  std::string word, rest;
  words >> milliseconds >> word;
  std::getline(words, rest);
  Impatience impatience;
  const auto begin = Patience::Clock::now();
  std::string code = "ok";
  Json said;
  try {
    const Json body = rest.size() > 1 ? read_json(rest, "line") : Json{Json::Object{}};
    if (const Json* most = body.field("abort")) impatience.most = *most->as<std::int64_t>();
    const Patience patience(milliseconds / 1000,
                            [&] { return ++impatience.asked == impatience.most; });
    said = answer(client, word, body, patience);
  } catch (const Error& error) {
    code = error.code();
    said = Json{std::string(error.what())};
  } catch (const Aborted&) {
    code = "aborted";
  }
  const std::chrono::duration<double, std::milli> took = Patience::Clock::now() - begin;
  Json::Object told;
  told.emplace_back("asked", Json{impatience.asked});
  told.emplace_back("milliseconds", Json{static_cast<std::int64_t>(took.count())});
  told.emplace_back("said", std::move(said));
  std::cout << code << ' ' << canonical(Json{std::move(told)}) << std::endl;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::string path = arguments[1];
  try {
    const auto again = [path] { return read_connection(path); };
    EngineClient client(again(), "probe", again);
    std::string line;
    while (std::getline(std::cin, line)) reply(client, line);
  } catch (const Error& error) {
    std::cout << error.code() << ' ' << error.what() << std::endl;
    return 1;
  }
  return 0;
}
