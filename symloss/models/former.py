"""Methods of models of theanets, Keras, scikit-learn and torch, and what to write instead; only for errors."""

FORMER = {
    "add_layer": "describe all layers where the model is made",
    "build_graph": "net.graph.outputs() returns the expressions and the updates",
    "classify": "write predict",
    "compile": "leave it out: write net.set_loss('mae'), and pass algo='adam' and metrics= to train",
    "evaluate": "write net.score(x, y), or net.score(x, y, metric='mae')",
    "fit": "write net.train([x, y]), or net.train([x, y], [x_valid, y_valid])",
    "forward": "write net.predict(x), or net.feed_forward(x) for the outputs of all layers",
    "get_weights": "write [p.get_value() for p in net.params], or net.find('hid1', 'w').get_value()",
    "load_weights": "write symloss.load(path), which returns the model",
    "loss": "net.losses is the list of its losses, and net.losses[0](net.graph.outputs()[0]) an expression",
    "monitors": "pass monitors= and metrics= to train",
    "parameters": "write net.params",
    "partial_fit": "write net.train([x, y], epochs=1, resume=True)",
    "save_weights": "write net.save(path)",
    "set_weights": "write net.find('hid1', 'w').set_value(array)",
    "state_dict": "write net.graph.parameters, shared variables by name",
    "transform": "write net.predict(x), or net.feed_forward(x)['hid1:out']",
    "updates": "net.graph.outputs() returns the expressions and the updates",
}
