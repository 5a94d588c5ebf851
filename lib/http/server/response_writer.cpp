#include "http/server/response_writer.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "http/server/connection.hpp"

namespace video::http {

namespace {

bool hasNoContent(int status) {
  return status < 200 || status == 204 || status == 304;
}

bool isHead(const Head* head) {
  return head != nullptr && head->method == Method::head;
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

ResponseWriter::ResponseWriter() {
  set_pre_routing_handler([this](const httplib::Request&, httplib::Response& response) {
    response.status = status_;
    return HandlerResponse::Handled;
  });
  // Drop the header fields that httplib adds about connection and content: `fields_` has them.
  set_post_routing_handler([](const httplib::Request&, httplib::Response& response) { response.headers.clear(); });
}

template <class Self>
bool ResponseWriter::process(Self& self, Connection& connection) {
  // httplib adds the addresses as header fields, which would only slow down its searches.
  static const std::function<void(httplib::Request&)> strip = [](httplib::Request& request) {
    request.headers.clear();
  };
  static const std::string nobody;
  bool closed = false;
  // If told to close, httplib does not add its Keep-Alive header field.
  if constexpr (requires { self.process_request(connection, true, closed, strip); })
    return self.process_request(connection, true, closed, strip);
  else
    return self.process_request(connection, nobody, 0, nobody, 0, true, closed, strip);
}

bool ResponseWriter::write(Connection& connection, Answer& answer, const Head* head, const std::string& date) {
  connection.held = std::move(answer.held);
  connection.rate = answer.rate;
  connection.delay = answer.delay.count();
  status_ = answer.status;
  writeFields(connection, answer, head, date);
  if (!hasNoContent(answer.status) && !isHead(head)) connection.content.swap(answer.content);
  connection.headerLines = &fields_;
  const bool written = process(*this, connection);
  connection.headerLines = nullptr;
  return written;
}

void ResponseWriter::writeFields(const Connection& connection, const Answer& answer, const Head* head,
                                 const std::string& date) {
  fields_.clear();
  appendLine(fields_, "Date", date);
  for (const auto& [name, value] : answer.headers)
    if (!isTransports(name) && isOneLine(name) && isOneLine(value)) appendLine(fields_, name, value);
  if (connection.closing)
    appendLine(fields_, "Connection", "close");
  else if (head != nullptr && head->minorVersion == 0)
    appendLine(fields_, "Connection", "keep-alive");
  if (hasNoContent(answer.status)) return;
  std::uint64_t length = 0;
  for (const Segment& segment : answer.content) length += segment.size();
  if (isHead(head)) length = answer.headLength.value_or(length);
  appendLine(fields_, "Content-Length", fmt::format_int(length).str());
}

}  // namespace video::http
