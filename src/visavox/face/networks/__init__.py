"""Networks that read emotion off faces (torch), a file for each family; `visavox.face.kinds` names them."""
