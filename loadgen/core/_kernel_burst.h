/* burst: send what is due, on connections that are free, as long as nothing is unusual. */

/* Where requests of one endpoint go: looked up again only when the endpoint is another one than last time. */
typedef struct {
    PyObject *endpoint, *free, *backlog;
} Route;

static void forget(Route *route)
{
    Py_CLEAR(route->endpoint);
    Py_CLEAR(route->free);
    Py_CLEAR(route->backlog);
}

static int find_route(Route *route, PyObject *endpoint, PyObject *pools)
{
    if (route->endpoint == endpoint)
        return 0;
    forget(route);
    PyObject *number = PyObject_GetAttr(endpoint, name_number);
    PyObject *pool = number != NULL ? PyObject_GetItem(pools, number) : NULL;
    Py_XDECREF(number);
    if (pool == NULL)
        return -1;
    route->free = PyObject_GetAttr(pool, name_free);
    route->backlog = PyObject_GetAttr(pool, name_backlog);
    Py_DECREF(pool);
    if (route->free == NULL || route->backlog == NULL)
        return -1;
    route->endpoint = Py_NewRef(endpoint);
    return 0;
}

/* Send one due request if the usual case holds: 1 sent, 0 not the usual case, -1 error. */
static int send_one(Route *route, PyObject *endpoint, PyObject *pools, int64_t due_ns, int64_t at_ns)
{
    if (find_route(route, endpoint, pools))
        return -1;
    Py_ssize_t waiting = PyObject_Size(route->backlog), idle = PyObject_Size(route->free);
    if (waiting < 0 || idle < 0)
        return -1;
    if (waiting || !idle)
        return 0;
    PyObject *line = PyObject_CallMethodNoArgs(route->free, name_popleft);
    if (line == NULL)
        return -1;
    if (!PyObject_TypeCheck(line, &LineType)) {
        PyErr_SetString(PyExc_TypeError, "only lines can be free");
        Py_DECREF(line);
        return -1;
    }
    int sent = 0; /* a line that is lost is left out, as in the twin; the next one gets the request */
    if (!((Line *)line)->lost)
        sent = line_do_send((Line *)line, due_ns, endpoint, at_ns) ? -1 : 1;
    Py_DECREF(line);
    return sent;
}

static PyObject *burst(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    if (count != 6 || !PyList_Check(args[0]) || !PyList_Check(args[1]))
        return PyErr_Format(PyExc_TypeError, "burst takes dues, picks, at, pools, until_ns and send_until_ns");
    PyObject *dues = args[0], *picks = args[1], *pools = args[3];
    Py_ssize_t at = PyLong_AsSsize_t(args[2]);
    int64_t until_ns = PyLong_AsLongLong(args[4]), send_until_ns = PyLong_AsLongLong(args[5]);
    if (PyErr_Occurred())
        return NULL;
    Route route = {NULL, NULL, NULL};
    int sent = 1;
    while (at < PyList_GET_SIZE(picks) && at < PyList_GET_SIZE(dues)) {
        int64_t due_ns = PyLong_AsLongLong(PyList_GET_ITEM(dues, at));
        int64_t at_ns = now_ns();
        if (due_ns == -1 && PyErr_Occurred())
            sent = -1;
        else if (due_ns > until_ns || at_ns >= send_until_ns)
            break;
        else
            sent = send_one(&route, PyList_GET_ITEM(picks, at), pools, due_ns, at_ns);
        if (sent <= 0)
            break;
        at++;
    }
    forget(&route);
    return sent < 0 ? NULL : PyLong_FromSsize_t(at);
}
