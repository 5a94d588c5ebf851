#include "http/writer.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace video::http {

namespace {

// Content up to this size goes with the head in one piece.
constexpr std::uint64_t smallContent = 16 * 1024;

bool hasNoContent(int status) {
  return status < 200 || status == 204 || status == 304;
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
  // httplib stops writing where its own listening socket is gone; it has none, so any number that is no error will do.
  svr_sock_ = 0;
  set_pre_routing_handler([](const httplib::Request&, httplib::Response& response) {
    fill(*current(), response);
    return HandlerResponse::Handled;
  });
  set_post_routing_handler([](const httplib::Request&, httplib::Response& response) { finish(*current(), response); });
}

Writer::Turn*& Writer::current() noexcept {
  static thread_local Turn* turn = nullptr;
  return turn;
}

template <class Self>
bool Writer::process(Self& self, Connection& connection) {
  static const std::function<void(httplib::Request&)> nothing;
  static const std::string nobody;
  bool closed = false;
  // Told to close, httplib spares itself its Keep-Alive header; `finish` puts the right word.
  if constexpr (requires { self.process_request(connection, true, closed, nothing); })
    return self.process_request(connection, true, closed, nothing);
  else
    return self.process_request(connection, nobody, 0, nobody, 0, true, closed, nothing);
}

bool Writer::write(Connection& connection, Exchange& exchange, Scratch& scratch) {
  Turn turn{connection, exchange, scratch};
  current() = &turn;
  const bool written = process(*this, connection);
  current() = nullptr;
  return written;
}

void Writer::fill(Turn& turn, httplib::Response& response) {
  Answer& answer = turn.scratch.answer;
  turn.exchange.answer(answer);
  turn.connection.held = std::move(answer.held);
  turn.connection.closing = turn.exchange.closes(answer);

  const Head* head = turn.exchange.head();
  const bool toHead = head != nullptr && head->method == Method::head;
  std::uint64_t total = 0;
  for (const Segment& segment : answer.content) total += segment.file ? segment.length : segment.bytes.size();
  response.status = answer.status;
  std::string type;
  for (auto& [name, value] : answer.headers) {
    if (name.size() == 12 && equalWithoutCase(name, "Content-Type"))
      type = std::move(value);
    else if (!isTransports(name))
      response.set_header(name, value);
  }
  response.set_header("Date", turn.scratch.date());

  if (toHead || hasNoContent(answer.status) || total == 0) {
    if (toHead && !hasNoContent(answer.status))
      response.set_header("Content-Length", fmt::format_int(answer.headLength.value_or(total)).str());
    if (!type.empty()) response.set_header("Content-Type", type);
  } else if (total <= smallContent && answer.content.size() == 1 && !answer.content.front().file) {
    response.set_header("Content-Type", type.empty() ? "application/octet-stream" : type);
    response.body = std::move(answer.content.front().bytes);
  } else {
    turn.connection.content = std::move(answer.content);
    response.set_content_provider(static_cast<std::size_t>(total), type.empty() ? "application/octet-stream" : type,
                                  [](std::size_t, std::size_t length, httplib::DataSink& sink) {
                                    return sink.write(Connection::contentMark(), length);
                                  });
  }
}

void Writer::finish(Turn& turn, httplib::Response& response) {
  if (!turn.connection.closing) {
    response.headers.erase("Connection");
    const Head* head = turn.exchange.head();
    if (head != nullptr && head->minorVersion == 0) response.set_header("Connection", "keep-alive");
  }
  if (hasNoContent(response.status)) response.headers.erase("Content-Length");
}

}  // namespace video::http
