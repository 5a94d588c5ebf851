#pragma once

#include <httplib.h>

#include <string>

#include "http/message.hpp"
#include "http/server/connection.hpp"

namespace video::http {

/// One answer on its way through httplib.
class Answering {
 public:
  virtual ~Answering() = default;
  /// Makes the answer. Called once, on the thread that called `Writer::write`.
  virtual void answer(Answer& to) noexcept = 0;
  /// Whether the connection is to be closed after this answer, and says so.
  virtual bool closes(const Answer& answer) = 0;
  /// The head that is answered; null where there is none that could be read.
  virtual const Head* head() const noexcept = 0;
};

/// httplib's server, used for one thing: a request goes in and an answer comes out. It accepts and routes nothing; what
/// it reads is an empty request, its pre-routing handler does the work, and what it writes is the status line: the
/// header lines and the content are the connection's, since httplib's own cost as much as all the rest.
class Writer : private httplib::Server {
 public:
  Writer();
  /// Leaves the answer in the connection, ready for `flush`. False: nothing can be sent. May be called by many threads.
  bool write(Connection& connection, Answering& answering, ReadBuffer& buffer);

 private:
  struct Turn {
    Connection& connection;
    Answering& answering;
    ReadBuffer& buffer;
  };
  static Turn*& current() noexcept;
  static void fill(Turn& turn, httplib::Response& response);
  template <class Self>
  static bool process(Self& self, Connection& connection);
};

}  // namespace video::http
