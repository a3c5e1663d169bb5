#ifndef PLAIN_H
#define PLAIN_H
/* Adds. */
int add(int a, int b);
#endif
