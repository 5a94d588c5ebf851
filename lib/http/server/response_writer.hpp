#pragma once

#include <httplib.h>

#include <string>

#include "http/message.hpp"

namespace video::http {

class Connection;

// Why httplib neither reads the client's head nor writes the fields, per request on httplib 0.11, of 10 us in all: it
// reads byte by byte and copies every field, +0.8 us for wrk's head and +4.3 us for a browser's; fields out through its
// multimap and snprintf are another +1.6 us. Head and fields are the head gate's and this class's; the rest is httplib.

/// Writes the head of an answer through httplib's server. One for each thread that serves.
class ResponseWriter : private httplib::Server {
 public:
  ResponseWriter();
  /// Leaves head and content of `answer` in the connection, ready for `flush`. `head` is what it answers, null where
  /// none could be read; `date` goes into the Date field. False: nothing can be sent.
  bool write(Connection& connection, Answer& answer, const Head* head, const std::string& date);

 private:
  void writeFields(const Connection& connection, const Answer& answer, const Head* head, const std::string& date);
  template <class Self>
  static bool process(Self& self, Connection& connection);

  int status_ = 0;
  std::string fields_;  ///< each with its CR LF
};

}  // namespace video::http
