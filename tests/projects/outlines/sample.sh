#!/bin/bash
source ./lib.sh
. other.sh
NAME=1
export X=2
# Doc
function f { g "$1"; }
h() { f a; ls; }
alias q='ls'
