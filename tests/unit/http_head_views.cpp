// The head gate's view of header fields beside httplib's of the same bytes: why ranges, conditions, credentials and
// forwarded addresses are read from the gate's.
#include <httplib.h>

#include "catch.hpp"
#include "http/server/head_gate.hpp"

using namespace video::http;

namespace {

/// What httplib's server reads of a head.
class HttplibReader : private httplib::Server {
 public:
  HttplibReader() {
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response&) {
      read_ = request.headers;
      routed_ = true;
      return HandlerResponse::Handled;
    });
  }

  /// False: it refuses the head by itself.
  bool read(const std::string& bytes) {
    Source source(bytes);
    routed_ = false;
    process(*this, source);
    return routed_;
  }
  std::vector<std::string> values(const std::string& name) const {
    std::vector<std::string> all;
    const auto [from, to] = read_.equal_range(name);
    for (auto at = from; at != to; ++at) all.push_back(at->second);
    return all;
  }

 private:
  class Source final : public httplib::Stream {
   public:
    explicit Source(std::string_view bytes) : rest_(bytes) {}
    bool is_readable() const override { return true; }
    bool is_writable() const override { return true; }
    ssize_t read(char* to, size_t size) override {
      const std::size_t count = rest_.copy(to, size);
      rest_.remove_prefix(count);
      return static_cast<ssize_t>(count);
    }
    ssize_t write(const char*, size_t size) override { return static_cast<ssize_t>(size); }
    void get_remote_ip_and_port(std::string&, int&) const override {}
    void get_local_ip_and_port(std::string&, int&) const override {}
    socket_t socket() const override { return 0; }

   private:
    std::string_view rest_;
  };

  template <class Self>
  static void process(Self& self, Source& source) {
    bool closed = false;
    if constexpr (requires { self.process_request(source, true, closed, nullptr); })
      self.process_request(source, true, closed, nullptr);
    else
      self.process_request(source, "", 0, "", 0, true, closed, nullptr);
  }

  httplib::Headers read_;
  bool routed_ = false;
};

struct Views {
  explicit Views(const std::string& lines) : bytes("GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n") {
    refusal = readHead(bytes, {}, head);
    routed = httplib.read(bytes);
  }
  std::string bytes;
  Head head;
  std::optional<Refusal> refusal;
  HttplibReader httplib;
  bool routed = false;
};

}  // namespace

TEST_CASE("field values are not percent-decoded in the gate's view, but are in httplib's") {
  const Views views("X-Forwarded-For: 1.2.3.4%2C5\r\nIf-Match: \"%41\"\r\n");
  REQUIRE_FALSE(views.refusal);
  CHECK(views.head.header("If-Match") == "\"%41\"");
  CHECK(views.head.header("X-Forwarded-For") == "1.2.3.4%2C5");
  REQUIRE(views.routed);
  CHECK(views.httplib.values("If-Match") == std::vector<std::string>{"\"A\""});
  CHECK(views.httplib.values("X-Forwarded-For") == std::vector<std::string>{"1.2.3.4,5"});
}

TEST_CASE("an empty field is there in the gate's view") {
  const Views views("If-Match:\r\nX-One: \t \r\n");
  REQUIRE_FALSE(views.refusal);
  CHECK(views.head.headerValues("If-Match") == std::vector<std::string_view>{""});
  CHECK(views.head.headerValues("X-One") == std::vector<std::string_view>{""});
}

TEST_CASE("repeated fields keep their order in both views") {
  const Views views("X-One: first\r\nx-one: second\r\nX-ONE: third\r\n");
  REQUIRE_FALSE(views.refusal);
  CHECK(views.head.headerValues("X-One") == std::vector<std::string_view>{"first", "second", "third"});
  REQUIRE(views.routed);
  CHECK(views.httplib.values("X-One").size() == 3);
}

TEST_CASE("a range that httplib refuses by itself is for us to weigh") {
  const Views views("Range: lines=1-2\r\n");
  REQUIRE_FALSE(views.refusal);
  CHECK(views.head.header("Range") == "lines=1-2");
  CHECK_FALSE(views.routed);
}

TEST_CASE("a field of 8,192 bytes is read whole, a longer one is 431") {
  const std::string name = "X-Long: ";
  const std::string value(8192 - name.size(), 'v');
  const Views longest(name + value + "\r\n");
  REQUIRE_FALSE(longest.refusal);
  CHECK(longest.head.header("X-Long") == value);
  const Views longer(name + value + "v\r\n");
  REQUIRE(longer.refusal);
  CHECK(longer.refusal->status == 431);
}
