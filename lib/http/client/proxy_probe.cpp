#include "http/client/proxy_probe.hpp"

#include <fmt/format.h>
#include <httplib.h>
#include <poll.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.hpp"

namespace video::http {
namespace {

constexpr const char* nowhere = "/doctor/no-such-path";

std::string whyNot(httplib::Error error) {
  switch (error) {
    case httplib::Error::Connection: return "cannot be reached";
    case httplib::Error::ConnectionTimeout: return "timed out while connecting";
    case httplib::Error::Read: return "does not answer";
    case httplib::Error::SSLConnection:
    case httplib::Error::SSLLoadingCerts:
    case httplib::Error::SSLServerVerification: return "no trusted TLS connection can be made";
    default: return "the connection failed";
  }
}

// The scheme, host and port of a URL, and the path behind them.
std::pair<std::string, std::string> split(const std::string& url) {
  const std::size_t scheme = url.find("://");
  const bool isHttp = url.starts_with("http://") || url.starts_with("https://");
  if (!isHttp || url.size() == scheme + 3) throw Error(Fault::malformed, fmt::format("{}: is not a URL", url));
  const std::size_t end = std::min(url.find_first_of("/?#", scheme + 3), url.size());
  std::string prefix = url.substr(end);
  while (prefix.ends_with('/')) prefix.pop_back();
  return {url.substr(0, end), prefix};
}

class Probe {
 public:
  Probe(const std::string& url, const ProbeOptions& options)
      : origin_(split(url).first), prefix_(split(url).second), options_(options), client_(origin_) {
    client_.set_keep_alive(true);
    client_.set_tcp_nodelay(true);
    client_.set_url_encode(false);
    client_.set_connection_timeout(options.timeout);
    client_.set_read_timeout(options.timeout);
    client_.set_write_timeout(options.timeout);
    if (!options.caCertificate.empty()) client_.set_ca_cert_path(options.caCertificate.string());
  }

  ProxyFacts run() {
    look();
    if (!facts_.isVideod) return std::move(facts_);
    facts_.passesErrors = isOfVideod(client_.Get(prefix_ + nowhere));
    // A page of the site sends its Origin, and the cookie makes videod compare it with the Host.
    const httplib::Headers ofPage{{"Origin", origin_}, {"Cookie", "session=none"}};
    if (const auto reply = client_.Post(prefix_ + "/signout", ofPage, "", "application/x-www-form-urlencoded");
        reply && reply->status != 404)
      facts_.passesHost = reply->status != 403;
    lookForAuthorization();
    lookForLargeBodies();
    lookForBuffering();
    if (!options_.contentPath.empty())
      if (const auto reply = client_.Get(prefix_ + options_.contentPath, {{"Range", "bytes=0-0"}}))
        facts_.passesRanges = reply->status == 206 && reply->body.size() == 1 && reply->has_header("Content-Range");
    return std::move(facts_);
  }

 private:
  static std::string detailOf(const httplib::Response& reply) {
    const auto json = nlohmann::json::parse(reply.body, nullptr, false);
    return json.is_object() && json.contains("detail") ? json["detail"].dump() : std::string();
  }
  static bool isOfVideod(const httplib::Result& reply) { return reply && reply->has_header("X-Error-Code"); }

  void look() {
    const auto reply = client_.Get(prefix_ + "/version");
    if (!reply) {
      facts_.failure = whyNot(reply.error());
      return;
    }
    facts_.server = reply->get_header_value("Server");
    const auto json = nlohmann::json::parse(reply->body, nullptr, false);
    facts_.isVideod = json.is_object() && json.value("name", nlohmann::json()) == "videod";
    if (facts_.isVideod && json.contains("version") && json["version"].is_string()) facts_.version = json["version"];
    if (!facts_.isVideod) facts_.failure = fmt::format("answers with status {}, but is not videod", reply->status);
    const auto ready = client_.Get(prefix_ + "/readyz");
    facts_.isReady = ready && ready->status == 200;
  }

  // A made-up session is refused for another reason than none.
  void lookForAuthorization() {
    const auto without = client_.Get(prefix_ + "/session");
    const auto with = client_.Get(prefix_ + "/session", {{"Authorization", "Bearer doctor"}});
    if (!isOfVideod(without) || !isOfVideod(with)) return;
    facts_.passesAuthorization = detailOf(*without) != detailOf(*with);
  }

  // nginx lets 1 MiB pass unless told otherwise. videod refuses this body as well, but says so itself.
  void lookForLargeBodies() {
    const std::string body((1U << 20) + 4096, ' ');
    const auto reply = client_.Post(prefix_ + "/user", body, "application/json");
    if (reply && reply->status == 413) facts_.passesLargeBodies = isOfVideod(reply);
  }

  // videod refuses this request for its head alone: the reply comes before the end of the body, unless somebody on the
  // way waits for it. The connection has been used before, so that nothing of TLS itself is still to be read.
  void lookForBuffering() {
    if (!client_.Get(prefix_ + "/readyz")) return;
    bool early = false;
    constexpr std::size_t half = 1000;
    const std::string piece(half, ' ');
    const auto push = [&](std::size_t offset, std::size_t, httplib::DataSink& sink) {
      if (offset > 0) {
        pollfd ready{client_.socket(), POLLIN, 0};
        early = ::poll(&ready, 1, static_cast<int>(std::min<std::int64_t>(options_.timeout.count(), 3000))) > 0;
      }
      return sink.write(piece.data(), piece.size());
    };
    const auto reply = client_.Put(prefix_ + "/upload/doctor", 2 * half, push, "application/octet-stream");
    if (early || isOfVideod(reply)) facts_.passesBodiesAsTheyCome = early;
  }

  const std::string origin_;
  const std::string prefix_;
  const ProbeOptions options_;
  httplib::Client client_;
  ProxyFacts facts_;
};

}  // namespace

ProxyFacts probeProxy(const std::string& url, const ProbeOptions& options) {
  return Probe(url, options).run();
}

std::string httplibVersion() {
  return CPPHTTPLIB_VERSION;
}

}  // namespace video::http
