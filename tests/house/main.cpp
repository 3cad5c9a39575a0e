// The rest of a program that holds one whole module.
int main() {}
