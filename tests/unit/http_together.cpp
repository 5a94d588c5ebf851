#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "fault_of.hpp"
#include "http/client/client.hpp"
#include "http/routing/router.hpp"
#include "http/server/transport.hpp"

// Client, router and transport together: what the remote implementation of an operation sends is what the local one
// gets.

namespace together {

using namespace video;

struct Note {
  std::string owner;
  std::string text;
  std::optional<std::int64_t> position;
};

struct NoteQuery : ListQuery {
  std::string owner;
};

struct File {
  std::string id;
  std::optional<std::string> label;
};

}  // namespace together

namespace video {

template <>
struct Fields<together::Note> {
  static constexpr std::string_view plural = "notes";
  static constexpr std::tuple list{Field{"owner", &together::Note::owner, ""}, Field{"text", &together::Note::text, ""},
                                   Field{"position", &together::Note::position, ""}};
};
template <>
struct Fields<together::NoteQuery> {
  static constexpr std::tuple list =
      std::tuple_cat(std::tuple{Field{"owner", &together::NoteQuery::owner, ""}}, Fields<ListQuery>::list);
};
template <>
struct Fields<together::File> {
  static constexpr std::tuple list{Field{"id", &together::File::id, ""}, Field{"label", &together::File::label, ""}};
};

}  // namespace video

namespace {

using namespace together;
using http::Endpoint;
using http::Method;
using test::errorOf;

constexpr Endpoint<Note, Note> postNote{
    {.name = "notes.post", .method = Method::post, .path = "/notes/{owner}", .success = 201}};
constexpr Endpoint<NoteQuery, Page<Note>> listNotes{
    {.name = "notes.list", .method = Method::get, .path = "/notes/{owner}"}};
constexpr Endpoint<File, void> removeFile{
    {.name = "files.remove", .method = Method::delete_, .path = "/files/{id}", .success = 204}};
constexpr Endpoint<File, File> putFile{{.name = "files.put",
                                        .method = Method::put,
                                        .path = "/files/{id}",
                                        .success = 201,
                                        .roles = http::stream,
                                        .flags = {.plainErrors = true}}};
constexpr Endpoint<File, Content> openFile{{.name = "files.open",
                                            .method = Method::get,
                                            .path = "/files/{id}",
                                            .roles = http::stream,
                                            .flags = {.plainErrors = true}}};

class Memory : public ContentReader {
 public:
  explicit Memory(const std::string& bytes) : bytes_(bytes) {}
  std::size_t read(std::uint64_t offset, std::span<std::byte> to) override {
    return bytes_.copy(reinterpret_cast<char*>(to.data()), to.size(), offset);
  }

 private:
  const std::string& bytes_;
};

/// Serves notes and one file over TCP and over a socket whose path is longer than a sockaddr_un holds.
class Served {
 public:
  Served() {
    std::string pattern = std::filesystem::temp_directory_path() / "videod-together-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    top_ = pattern;
    const std::filesystem::path deep = top_ / std::string(100, 'd') / std::string(100, 'e');
    std::filesystem::create_directories(deep);
    socket = deep / "videod.sock";

    router_.serve(postNote, [this](const Credential& by, const Note& wanted) {
      seenBy = by;
      if (wanted.text.empty()) throw Error(Fault::malformed, "text: must not be empty, “not even so”");
      return wanted;
    });
    router_.serve(listNotes, [](const Credential&, const NoteQuery& wanted) {
      Page<Note> notes;
      notes.items.push_back({wanted.owner, wanted.cursor.value_or("first"), wanted.limit});
      if (!wanted.cursor) notes.nextCursor = "a b&c";
      return notes;
    });
    router_.serve(removeFile, [](const Credential&, const File& wanted) {
      if (wanted.id != "one/two ü") throw Error(Fault::notFound, "file " + wanted.id + ": not found");
    });
    router_.serveUpload(
        putFile,
        [this](const Credential&, const File& wanted, const ByteSource& bytes) {
          if (wanted.id == "refused") throw Error(Fault::forbidden, "file refused: 100%41 somebody else's, ü");
          std::string taken;
          bytes.push([&](std::span<const std::byte> some) {
            taken.append(reinterpret_cast<const char*>(some.data()), some.size());
          });
          file = taken;
          label = wanted.label.value_or("");
          return wanted;
        },
        [](const File&, const http::Exchange&, http::Answer&) {});
    router_.serveContent(openFile, [this](const Credential&, const File&) {
      return Content{{file.size(), "video/mp4", etag, Time{std::chrono::seconds(1'000'000'000)}, "übung; 100%41 a.mp4"},
                     std::make_shared<Memory>(file)};
    });
    transport_.listen({.address = "unix:" + socket.string(), .operatorSocket = true});
    address = transport_.listen({.address = "127.0.0.1:0"});
    transport_.start();
  }
  ~Served() {
    transport_.stop();
    std::filesystem::remove_all(top_);
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  http::ClientOptions overSocket() const {
    http::ClientOptions options;
    options.socketPath = socket;
    return options;
  }
  http::ClientOptions overTcp() const {
    http::ClientOptions options;
    options.url = "http://" + address;
    return options;
  }
  http::LimiterCounts counts() { return router_.limiter().counts(); }

  std::filesystem::path socket;
  std::string address;
  Credential seenBy;
  std::string file;
  std::string label;
  std::string etag = "\"v1\"";

 private:
  std::filesystem::path top_;
  http::Router router_;
  http::Transport transport_{router_, http::TransportOptions{}};
};

std::string readAll(const Content& content) {
  std::string all(content.meta.size, '\0');
  std::size_t at = 0;
  while (const std::size_t count = content.reader->read(at, std::as_writable_bytes(std::span(all)).subspan(at)))
    at += count;
  all.resize(at);
  return all;
}

ByteSource sourceOfBytes(const std::string& bytes, bool sized) {
  ByteSource source;
  source.push = [&bytes](const ByteSink& sink) {
    for (std::size_t at = 0; at < bytes.size(); at += 100'000)
      sink(std::as_bytes(std::span(bytes)).subspan(at, std::min<std::size_t>(100'000, bytes.size() - at)));
  };
  if (sized) source.size = bytes.size();
  return source;
}

}  // namespace

TEST_CASE("the operator's socket may have a path of any length") {
  Served served;
  REQUIRE(served.socket.native().size() > 200);
  http::Client client(served.overSocket());
  const Note note = client.call(postNote, Operator{}, {"ann", "hello \"you\" ü", std::nullopt});
  CHECK(note.text == "hello \"you\" ü");
  CHECK(std::holds_alternative<Operator>(served.seenBy));
  client.call(postNote, Operator{"bob"}, {"ann", "x", 7});
  REQUIRE(std::holds_alternative<Operator>(served.seenBy));
  CHECK(std::get<Operator>(served.seenBy).as == "bob");

  http::ClientOptions nobody;
  nobody.socketPath = served.socket.parent_path() / "nobody.sock";
  http::Client lonely(nobody);
  const Error error = errorOf([&] { lonely.call(postNote, Operator{}, {"ann", "x", {}}); });
  CHECK(error.fault() == Fault::unreachable);
  CHECK(error.detail().find("nobody.sock") != std::string::npos);
}

TEST_CASE("requests, replies and errors pass between client and operation unchanged") {
  Served served;
  http::Client client(served.overTcp());
  const Secret secret{"s3cret", false};
  CHECK(client.call(postNote, secret, {"a/b ?&%ü", "text", 5}).owner == "a/b ?&%ü");
  REQUIRE(std::holds_alternative<Secret>(served.seenBy));
  CHECK(std::get<Secret>(served.seenBy).text == "s3cret");

  NoteQuery query;
  query.owner = "ann";
  query.limit = 3;
  const Page<Note> first = client.call(listNotes, Anonymous{}, query);
  REQUIRE(first.nextCursor);
  query.cursor = *first.nextCursor;
  const Page<Note> second = client.call(listNotes, Anonymous{}, query);
  CHECK(second.items.at(0).text == "a b&c");
  CHECK(second.items.at(0).position == 3);
  CHECK_FALSE(second.nextCursor);

  client.call(removeFile, secret, {"one/two ü", {}});
  const Error missing = errorOf([&] { client.call(removeFile, secret, {"other", {}}); });
  CHECK(missing.fault() == Fault::notFound);
  CHECK(missing.detail() == "file other: not found");
  const Error malformed = errorOf([&] { client.call(postNote, secret, {"ann", "", {}}); });
  CHECK(malformed.fault() == Fault::malformed);
  CHECK(malformed.detail() == "text: must not be empty, “not even so”");
}

TEST_CASE("uploads and downloads of any piece size arrive unchanged") {
  Served served;
  http::Client client(served.overTcp());
  const Secret secret{"s3cret", false};
  std::string bytes(4'000'003, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 2654435761U >> 13);
  for (const bool sized : {true, false}) {
    served.file.clear();
    client.send(putFile, secret, {"one", "a&b"}, sourceOfBytes(bytes, sized));
    CHECK((served.file == bytes));
    CHECK(served.label == "a&b");
  }
  const Content content = client.open(openFile, secret, {"one", {}});
  CHECK(content.meta.name == "übung; 100%41 a.mp4");
  CHECK(content.meta.etag == "\"v1\"");
  CHECK(content.meta.modified == Time{std::chrono::seconds(1'000'000'000)});
  CHECK((readAll(content) == bytes));

  std::vector<std::byte> last(10);
  CHECK(content.reader->read(bytes.size() - 3, last) == 3);
  CHECK(content.reader->read(bytes.size(), last) == 0);

  const Content stale = client.open(openFile, secret, {"one", {}});
  served.etag = "\"v2\"";
  CHECK(errorOf([&] { readAll(stale); }).fault() == Fault::conflict);

  const Error plain = errorOf([&] { client.send(putFile, secret, {"refused", {}}, sourceOfBytes("", true)); });
  CHECK(plain.fault() == Fault::forbidden);
  CHECK(plain.detail() == "file refused: 100%41 somebody else's, ü");

  client.send(putFile, secret, {"one", {}}, sourceOfBytes("", true));
  CHECK(readAll(client.open(openFile, secret, {"one", {}})).empty());
}

TEST_CASE("a refused upload returns its token, and the client stays usable") {
  Served served;
  http::Client client(served.overTcp());
  const Secret secret{"s3cret", false};
  const std::string bytes(8'000'000, 'x');
  for (int i = 0; i < 5; ++i) {
    const Error error = errorOf([&] { client.send(putFile, secret, {"refused", {}}, sourceOfBytes(bytes, true)); });
    // The reply may be lost with the connection; the error is then that it broke.
    CHECK((error.fault() == Fault::forbidden || error.fault() == Fault::unreachable));
    if (error.fault() == Fault::forbidden) CHECK(error.detail() == "file refused: 100%41 somebody else's, ü");
    CHECK(client.call(postNote, secret, {"ann", "still here", {}}).text == "still here");
  }
  CHECK(served.counts().uploads == 0);
}

TEST_CASE("one client may be used from several threads") {
  Served served;
  http::Client client(served.overTcp());
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 6; ++i)
      threads.emplace_back([&, i] {
        NoteQuery query;
        query.owner = "user" + std::to_string(i);
        for (int j = 0; j < 40; ++j)
          good += client.call(listNotes, Anonymous{}, query).items.at(0).owner == query.owner ? 1 : 0;
      });
  }
  CHECK(good == 240);
}
