#include "http/message.hpp"

#include <functional>

#include "base/text.hpp"

namespace video::http {

std::string_view nameOf(Method method) noexcept {
  switch (method) {
    case Method::get: return "GET";
    case Method::head: return "HEAD";
    case Method::post: return "POST";
    case Method::put: return "PUT";
    case Method::patch: return "PATCH";
    case Method::delete_: return "DELETE";
    case Method::options: return "OPTIONS";
    case Method::other: break;
  }
  return {};
}

std::string_view Head::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers)
    if (key.size() == name.size() && equalWithoutCase(key, name)) return value;
  return {};
}

std::vector<std::string_view> Head::headerValues(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : headers)
    if (key.size() == name.size() && equalWithoutCase(key, name)) values.emplace_back(value);
  return values;
}

void Head::rebase(std::string_view from, std::string_view to) noexcept {
  const auto move = [&](std::string_view& text) {
    const std::less<> before;
    if (text.data() != nullptr && !before(text.data(), from.data()) && !before(from.data() + from.size(), text.data()))
      text = to.substr(static_cast<std::size_t>(text.data() - from.data()), text.size());
  };
  move(methodName);
  move(path);
  move(query);
  for (auto& [name, value] : headers) {
    move(name);
    move(value);
  }
}

std::string originOf(const Request& request) {
  std::string host = request.peer.host.empty() ? std::string(request.head.header("Host")) : request.peer.host;
  if (host.empty()) return host;
  return (request.peer.secure ? "https://" : "http://") + host;
}

}  // namespace video::http
