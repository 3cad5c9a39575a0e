// make_vectors FOLDER: writes the golden vectors there (see vectors.hpp). Look at what changed before committing it: a
// changed frame is a changed protocol.
#include <fstream>
#include <iostream>

#include "vectors.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_vectors FOLDER\n";
    return 2;
  }
  for (const auto& [name, text] : weir::frames::golden_vectors()) {
    std::ofstream out(std::string(argv[1]) + "/" + name, std::ios::binary);
    out << text;
    if (!out.flush()) {
      std::cerr << "cannot write " << argv[1] << "/" << name << "\n";
      return 1;
    }
  }
  return 0;
}
