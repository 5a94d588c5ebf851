#pragma once

#include <httplib.h>

#include <string>

#include "http/message.hpp"

namespace video::http {

class Connection;

// Why httplib neither reads the client's head nor writes the fields (CPU per small answer, httplib 0.11): it reads byte
// by byte and copies every field, 1.03 times for wrk's head and 1.28 for a browser's; with fields out by its multimap
// and snprintf too, 1.16 and 1.42. It decodes %41 in values besides. So it is given a request without any.

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
