#include "http/server/writer.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace video::http {

namespace {

bool hasNoContent(int status) {
  return status < 200 || status == 204 || status == 304;
}

bool isOneLine(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

void appendLine(std::string& lines, std::string_view name, std::string_view value) {
  lines.append(name).append(": ").append(value).append("\r\n");
}

bool isTransports(std::string_view name) {
  switch (name.size()) {
    case 4: return equalWithoutCase(name, "Date");
    case 10: return equalWithoutCase(name, "Connection");
    case 14: return equalWithoutCase(name, "Content-Length");
    case 17: return equalWithoutCase(name, "Transfer-Encoding");
    default: return false;
  }
}

}  // namespace

Writer::Writer() {
  set_pre_routing_handler([](const httplib::Request&, httplib::Response& response) {
    fill(*current(), response);
    return HandlerResponse::Handled;
  });
  // What httplib would say of content and connection has been said.
  set_post_routing_handler([](const httplib::Request&, httplib::Response& response) { response.headers.clear(); });
}

Writer::Turn*& Writer::current() noexcept {
  static thread_local Turn* turn = nullptr;
  return turn;
}

template <class Self>
bool Writer::process(Self& self, Connection& connection) {
  // Its addresses, kept as headers, would only be searched.
  static const std::function<void(httplib::Request&)> strip = [](httplib::Request& request) {
    request.headers.clear();
  };
  static const std::string nobody;
  bool closed = false;
  // Told to close, httplib spares itself its Keep-Alive header.
  if constexpr (requires { self.process_request(connection, true, closed, strip); })
    return self.process_request(connection, true, closed, strip);
  else
    return self.process_request(connection, nobody, 0, nobody, 0, true, closed, strip);
}

bool Writer::write(Connection& connection, Answering& answering, ReadBuffer& buffer) {
  Turn turn{connection, answering, buffer};
  current() = &turn;
  connection.headerLines = &buffer.headerLines;
  const bool written = process(*this, connection);
  connection.headerLines = nullptr;
  current() = nullptr;
  return written;
}

void Writer::fill(Turn& turn, httplib::Response& response) {
  Answer& answer = turn.buffer.answer;
  turn.answering.answer(answer);
  turn.connection.held = std::move(answer.held);
  turn.connection.rate = answer.rate;
  turn.connection.delay = answer.delay.count();
  turn.connection.closing = turn.answering.closes(answer);

  const Head* head = turn.answering.head();
  const bool toHead = head != nullptr && head->method == Method::head;
  std::uint64_t total = 0;
  for (const Segment& segment : answer.content) total += segment.file ? segment.length : segment.bytes.size();
  response.status = answer.status;
  std::string& lines = turn.buffer.headerLines;
  lines.clear();
  appendLine(lines, "Date", turn.buffer.date());
  for (const auto& [name, value] : answer.headers)
    if (!isTransports(name) && isOneLine(name) && isOneLine(value)) appendLine(lines, name, value);
  if (turn.connection.closing)
    appendLine(lines, "Connection", "close");
  else if (head != nullptr && head->minorVersion == 0)
    appendLine(lines, "Connection", "keep-alive");
  if (hasNoContent(answer.status)) return;
  appendLine(lines, "Content-Length", fmt::format_int(toHead ? answer.headLength.value_or(total) : total).str());
  if (!toHead) turn.connection.content.swap(answer.content);
}

}  // namespace video::http
