local x = require("a.b")
-- Doc
local function f(a) g(a) end
function M.h(a) x.y(a); x:z(1) end
function M:k() end
M.q = function() end
local C = 1
