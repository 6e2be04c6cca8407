#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/connection.h"
#include "base/errors.h"

using namespace faceplate;

namespace {

const std::string kGood =
    "{\"version\": \"FACEPL01\", \"address\": \"tcp://127.0.0.1:4711\",\n"
    " \"key\": \"" +
    std::string(64, 'a') + "\", \"engine\": \"e1\", \"pid\": 12}\n";

// A private folder with a connection file in it.
struct Folder {
  Folder() {
    char name[] = "/tmp/faceplate-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    folder = name;
    path = folder + "/connection.json";
  }
  ~Folder() {
    unlink(path.c_str());
    rmdir(folder.c_str());
  }
  void write(const std::string& text, mode_t mode = 0600) {
    unlink(path.c_str());
    std::ofstream(path, std::ios::binary) << text;
    REQUIRE(chmod(path.c_str(), mode) == 0);
  }
  std::string complaint() const {
    try {
      read_connection(path);
    } catch (const Error& error) {
      CHECK(error.code() == kEngineUnreachable);
      CHECK(error.path() == path);
      return error.what();
    }
    return "";
  }
  std::string folder, path;
};

bool says(const std::string& text, const char* word) { return text.find(word) != text.npos; }

}  // namespace

TEST_CASE("when_the_file_is_ours_alone_then_it_is_read") {
  Folder folder;
  folder.write(kGood);
  const Connection found = read_connection(folder.path);
  CHECK(found.address == "tcp://127.0.0.1:4711");
  CHECK(found.key == std::string(32, '\xaa'));
  CHECK(found.engine == "e1");
  CHECK(found.pid == 12);
}

TEST_CASE("when_the_file_is_not_to_be_trusted_then_it_says_why") {
  Folder folder;
  CHECK(says(folder.complaint(), "no engine runs here"));
  folder.write(kGood, 0644);
  CHECK(says(folder.complaint(), "chmod 600"));
  folder.write(kGood);
  REQUIRE(chmod(folder.folder.c_str(), 0777) == 0);
  CHECK(says(folder.complaint(), "others can write in its folder"));
  REQUIRE(chmod(folder.folder.c_str(), 0700) == 0);
  unlink(folder.path.c_str());
  REQUIRE(mkfifo(folder.path.c_str(), 0600) == 0);
  CHECK(says(folder.complaint(), "no regular file"));
}

TEST_CASE("when_the_file_holds_something_else_then_it_is_refused") {
  Folder folder;
  for (const std::string& text : {std::string(), std::string("[]"), std::string("{"),
                                  std::string("{\"version\":\"FACEPL01\"}")}) {
    folder.write(text);
    CHECK(folder.complaint() != "");
  }
  std::string other = kGood;
  other.replace(other.find("FACEPL01"), 8, "FACEPL02");
  folder.write(other);
  CHECK(says(folder.complaint(), "same release"));
  other = kGood;
  other.replace(other.find("aa"), 2, "");
  folder.write(other);
  CHECK(says(folder.complaint(), "32 bytes"));
}

TEST_CASE("when_the_path_is_named_then_it_is_the_default") {
  setenv("FACEPLATE_CONNECTION", "/named/here.json", 1);
  CHECK(default_path() == "/named/here.json");
  unsetenv("FACEPLATE_CONNECTION");
  setenv("XDG_RUNTIME_DIR", "/tmp", 1);
  CHECK(default_path() == "/tmp/faceplate/connection.json");
  setenv("XDG_RUNTIME_DIR", "/nonexistent", 1);
  setenv("HOME", "/home/anna", 1);
  CHECK(default_path() == "/home/anna/.local/state/faceplate/connection.json");
}
