#pragma once

#include <httplib.h>

#include <string>

#include "http/message.hpp"

namespace video::http {

class Connection;

// Why httplib neither parses the client's head nor writes the header fields: httplib 0.11 reads byte by byte and copies
// every field, which costs 1.03 times the CPU per small reply with wrk's head and 1.28 times with a browser's. If its
// multimap and snprintf also write the fields, it is 1.16 and 1.42 times. It also decodes %41 in values. So httplib
// gets a request without header fields.

/// Writes the head of a reply through httplib's server. Each serving thread has its own.
class ResponseWriter : private httplib::Server {
 public:
  ResponseWriter();
  /// Puts the head and content of `answer` into the connection, ready for `flush`. `head` is the head of the request,
  /// or null if none could be read; `date` is the value of the Date header field. Returns false if nothing can be sent.
  bool write(Connection& connection, Answer& answer, const Head* head, const std::string& date);

 private:
  void writeFields(const Connection& connection, const Answer& answer, const Head* head, const std::string& date);
  template <class Self>
  static bool process(Self& self, Connection& connection);

  int status_ = 0;
  std::string fields_;  ///< header lines, each with CR LF
};

}  // namespace video::http
