-- Names as SQL Server's schools teach them.
CREATE TABLE Customers (CustomerId INTEGER PRIMARY KEY, FirstName NVARCHAR(40) NOT NULL, HTTPAddress TEXT);
CREATE TABLE SalesOrders (
    SalesOrderId INTEGER PRIMARY KEY,
    CustomerId INTEGER NOT NULL,
    ShippedTo INTEGER,
    OrderDate DATETIME NOT NULL,
    Total NUMERIC(10,2) NOT NULL DEFAULT 0,
    FOREIGN KEY (CustomerId) REFERENCES Customers (CustomerId),
    FOREIGN KEY (ShippedTo) REFERENCES Customers (CustomerId)
);
CREATE INDEX IX_SalesOrders_CustomerId ON SalesOrders (CustomerId);
