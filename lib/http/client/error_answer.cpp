#include "http/client/error_answer.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/text.hpp"
#include "http/percent_encoding.hpp"
#include "http/routing/error_reply.hpp"

namespace video::http {
namespace {

std::string decodedHeader(const std::string& value) {
  std::string text;
  return appendDecoded(text, value) ? text : value;
}

std::optional<std::chrono::seconds> retryAfterOf(const std::string& value) {
  int seconds = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
  if (error != std::errc{} || end != value.data() + value.size()) return std::nullopt;
  return std::chrono::seconds{seconds};
}

// Says where such a reply leads, or names the nginx setting that most likely causes it.
std::string adviceFor(const ErrorAnswer& answer) {
  constexpr std::size_t longest = 200;
  if (answer.status >= 300 && answer.status < 400 && !answer.location.empty())
    return fmt::format("; it redirects to {}", answer.location.substr(0, longest));
  if (answer.status == 400 && answer.body.find("plain HTTP request was sent to HTTPS port") != std::string::npos)
    return "; use https://";
  switch (answer.status) {
    case 413: return "; check its client_max_body_size";
    case 502:
    case 503: return "; check its proxy_pass, and that videod is running";
    case 504: return "; check its proxy_read_timeout";
    default: return {};
  }
}

}  // namespace

Error errorOf(const ErrorAnswer& answer) {
  const auto fault = faultOf(answer.code, answer.status);
  if (!fault) {
    const std::string who = answer.server.empty() ? "another server" : answer.server.substr(0, answer.server.find('/'));
    return Error(answer.status < 400 ? Fault::unreachable : faultOfStatus(answer.status),
                 fmt::format("answered by {}, not videod: {} {}{}", who, answer.status, reasonPhrase(answer.status),
                             adviceFor(answer)),
                 retryAfterOf(answer.retryAfter))
        .because(Reason::notVideod);
  }
  std::string detail = answer.detailHeader;
  const auto json = nlohmann::json::parse(answer.body, nullptr, false);
  if (detail.empty() && json.is_object() && json.contains("detail") && json["detail"].is_string())
    detail = json["detail"].get<std::string>();
  return Error(*fault, detail, retryAfterOf(answer.retryAfter))
      .ofRequest(answer.requestId)
      .because(reasonOf(answer.reason));
}

std::optional<ErrorAnswer> earlyAnswer(int socket) {
  pollfd ready{socket, POLLIN, 0};
  if (::poll(&ready, 1, 0) <= 0) return std::nullopt;
  std::string head(16 * 1024, '\0');
  const ssize_t got = ::recv(socket, head.data(), head.size(), MSG_DONTWAIT | MSG_PEEK);
  if (got <= 0) return std::nullopt;
  head.resize(static_cast<std::size_t>(got));
  ErrorAnswer answer;
  const std::size_t end = head.find("\r\n\r\n");
  if (!head.starts_with("HTTP/1.1 ") || head.size() < 12 || end == std::string::npos) return std::nullopt;
  std::from_chars(head.data() + 9, head.data() + 12, answer.status);
  if (answer.status < 300) return std::nullopt;
  const auto header = [&head](std::string_view name) -> std::string {
    for (std::size_t at = head.find("\r\n"); at != std::string::npos; at = head.find("\r\n", at + 2)) {
      const std::string_view line = std::string_view(head).substr(at + 2);
      if (line.starts_with("\r\n")) return {};
      if (line.size() < name.size() + 2 || !equalWithoutCase(line.substr(0, name.size()), name) ||
          line[name.size()] != ':')
        continue;
      const std::string_view value = line.substr(name.size() + 1, line.find('\r') - name.size() - 1);
      return std::string(value.substr(std::min(value.find_first_not_of(" \t"), value.size())));
    }
    return {};
  };
  answer.code = header("X-Error-Code");
  answer.detailHeader = decodedHeader(header("X-Error-Detail"));
  answer.reason = header("X-Error-Reason");
  answer.retryAfter = header("Retry-After");
  answer.requestId = header("X-Request-Id");
  answer.server = header("Server");
  answer.location = header("Location");
  answer.body = head.substr(end + 4);
  return answer;
}

}  // namespace video::http
