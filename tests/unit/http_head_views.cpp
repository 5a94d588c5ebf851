// Compares the header fields that the head gate reads with those that httplib reads from the same bytes. They differ,
// which is why ranges, conditions, credentials and forwarded addresses are read from the gate's.
#include <httplib.h>

#include "catch.hpp"
#include "http/server/head_gate.hpp"

using namespace video::http;

namespace {

/// Reads a head as httplib's server does.
class HttplibReader : private httplib::Server {
 public:
  HttplibReader() {
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response&) {
      read_ = request.headers;
      routed_ = true;
      return HandlerResponse::Handled;
    });
  }

  static constexpr bool isVersion011() { return takesNoAddresses<HttplibReader>; }

  /// Returns false if httplib refuses the head by itself.
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

  /// httplib 0.11 (Debian 12) has no addresses here, 0.18 (Debian 13) has.
  template <class Self>
  static constexpr bool takesNoAddresses = requires(Self& self, Source& source, bool& closed) {
    self.process_request(source, true, closed, nullptr);
  };
  template <class Self>
  static void process(Self& self, Source& source) {
    bool closed = false;
    if constexpr (takesNoAddresses<Self>)
      self.process_request(source, true, closed, nullptr);
    else
      self.process_request(source, "", 0, "", 0, true, closed, nullptr);
  }

  httplib::Headers read_;
  bool routed_ = false;
};

using Values = std::vector<std::string>;

struct Views {
  explicit Views(const std::string& lines) : bytes("GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n") {
    refusal = readHead(bytes, {}, head);
    routed = httplib.read(bytes);
  }
  Values ofGate(std::string_view name) const {
    const auto values = head.headerValues(name);
    return {values.begin(), values.end()};
  }
  Values ofHttplib(const std::string& name) const { return httplib.values(name); }

  std::string bytes;
  Head head;
  std::optional<Refusal> refusal;
  HttplibReader httplib;
  bool routed = false;
};

// TSan does not see the guard of httplib's set of method names, which is made at its first request: before any thread.
[[maybe_unused]] const bool hasMethodNames = HttplibReader().read("GET / HTTP/1.1\r\nHost: a\r\n\r\n");

}  // namespace

TEST_CASE("httplib percent-decodes field values, the gate does not") {
  const Views views("X-Forwarded-For: 1.2.3.4%2C5\r\nIf-Match: \"%41\"\r\n");
  REQUIRE_FALSE(views.refusal);
  REQUIRE(views.routed);
  CHECK(views.ofGate("If-Match") == Values{"\"%41\""});
  CHECK(views.ofHttplib("If-Match") == Values{"\"A\""});
  CHECK(views.ofGate("X-Forwarded-For") == Values{"1.2.3.4%2C5"});
  CHECK(views.ofHttplib("X-Forwarded-For") == Values{"1.2.3.4,5"});
}

TEST_CASE("httplib 0.11 drops empty fields, the gate keeps them") {
  const Views views("If-Match:\r\nX-One: \t \r\n");
  REQUIRE_FALSE(views.refusal);
  REQUIRE(views.routed);
  const Values kept{""};
  for (const char* const name : {"If-Match", "X-One"}) {
    INFO(name);
    CHECK(views.ofGate(name) == kept);
    CHECK(views.ofHttplib(name) == (HttplibReader::isVersion011() ? Values{} : kept));
  }
}

TEST_CASE("both views keep repeated fields, the gate and httplib 0.11 in their order") {
  const Views views("X-One: first\r\nx-one: second\r\nX-ONE: third\r\n");
  REQUIRE_FALSE(views.refusal);
  REQUIRE(views.routed);
  const Values all{"first", "second", "third"};
  CHECK(views.ofGate("X-One") == all);
  CHECK(views.ofHttplib("X-One") == (HttplibReader::isVersion011() ? all : Values(all.rbegin(), all.rend())));
}

TEST_CASE("httplib refuses a head with a malformed range, the gate leaves the range to the router") {
  const Views views("Range: lines=1-2\r\n");
  REQUIRE_FALSE(views.refusal);
  CHECK(views.ofGate("Range") == Values{"lines=1-2"});
  CHECK_FALSE(views.routed);
}

TEST_CASE("the gate takes a field of 8,192 bytes and refuses a longer one with 431, httplib counts its CR LF too") {
  const std::string name = "X-Long: ";
  const auto valueOf = [&](std::size_t field) { return std::string(field - name.size(), 'v'); };
  const auto viewsOf = [&](std::size_t field) { return Views(name + valueOf(field) + "\r\n"); };

  const Views both = viewsOf(8190);
  REQUIRE_FALSE(both.refusal);
  REQUIRE(both.routed);
  CHECK(both.ofGate("X-Long") == Values{valueOf(8190)});
  CHECK(both.ofHttplib("X-Long") == Values{valueOf(8190)});

  const Views longest = viewsOf(8192);
  REQUIRE_FALSE(longest.refusal);
  CHECK(longest.ofGate("X-Long") == Values{valueOf(8192)});
  CHECK_FALSE(longest.routed);
  CHECK_FALSE(viewsOf(8191).routed);

  const Views longer = viewsOf(8193);
  REQUIRE(longer.refusal);
  CHECK(longer.refusal->status == 431);
  CHECK_FALSE(longer.routed);
}
